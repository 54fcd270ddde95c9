using System.Security.Cryptography;
using System.Text;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Billing.Plans;

/// <summary>What an organization has: its plan, and what was settled for it alone. Asks nobody: both come with the organization.</summary>
public sealed class Entitlements(PlanCatalogue catalogue)
{
    /// <summary>The organization's plan.</summary>
    public Plan PlanOf(Organization organization) => catalogue.Of(organization.Plan);

    /// <summary>Whether it has a feature. What was settled for it alone goes before its plan.</summary>
    public bool Has(Organization organization, string feature) =>
        organization.Overrides.Features.TryGetValue(feature, out var settled) ? settled
        : PlanOf(organization).Features.Contains(feature) && catalogue.FindFeature(feature) is { } known && IsReached(organization, known);

    /// <summary>How much of <paramref name="quota"/> it may have.</summary>
    public long QuotaOf(Organization organization, string quota) =>
        organization.Overrides.Quotas.TryGetValue(quota, out var settled) ? settled
        : catalogue.NumberOf(PlanOf(organization), quota, feature => Has(organization, feature));

    /// <summary>The feature that would lift this quota, where the organization lacks it; else null.</summary>
    public Feature? LiftedBy(Organization organization, string quota) =>
        organization.Overrides.Quotas.ContainsKey(quota) ? null
        : catalogue.Features.FirstOrDefault(feature => feature.Lifts == quota && !Has(organization, feature.Name));

    // By name and id: each feature reaches other organizations first, and a larger percentage includes the smaller.
    private static bool IsReached(Organization organization, Feature feature)
    {
        if (feature.Rollout >= 100)
        {
            return true;
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{feature.Name}:{organization.Id}"));
        return BitConverter.ToUInt32(hash) % 100 < feature.Rollout;
    }
}
