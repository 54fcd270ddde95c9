using Finbuckle.MultiTenant.Abstractions;
using Microsoft.FeatureManagement;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Billing.Plans;

/// <summary>Tells feature management of the catalogue's features: each is on where <see cref="PlanFilter"/> says so.</summary>
internal sealed class CatalogueFeatures(PlanCatalogue catalogue) : IFeatureDefinitionProvider
{
    public Task<FeatureDefinition> GetFeatureDefinitionAsync(string featureName) =>
        Task.FromResult(catalogue.FindFeature(featureName) is null ? null! : DefinitionOf(featureName));

    public async IAsyncEnumerable<FeatureDefinition> GetAllFeatureDefinitionsAsync()
    {
        await Task.CompletedTask;
        foreach (var feature in catalogue.Features)
        {
            yield return DefinitionOf(feature.Name);
        }
    }

    private static FeatureDefinition DefinitionOf(string name) => new() { Name = name, EnabledFor = [new FeatureFilterConfiguration { Name = PlanFilter.Name }] };
}

/// <summary>Whether the current organization has a feature. Scoped, as the organization is; nothing is remembered between two questions (BILL-24).</summary>
[FilterAlias(Name)]
internal sealed class PlanFilter(IMultiTenantContextAccessor<Organization> tenant, Entitlements entitlements) : IFeatureFilter
{
    public const string Name = "Plan";

    public Task<bool> EvaluateAsync(FeatureFilterEvaluationContext context) =>
        Task.FromResult(tenant.MultiTenantContext.TenantInfo is { } organization && entitlements.Has(organization, context.FeatureName));
}
