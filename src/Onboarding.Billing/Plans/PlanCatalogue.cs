using System.Collections.Frozen;
using Microsoft.Extensions.Options;

namespace Onboarding.Billing.Plans;

/// <summary>A plan.</summary>
/// <param name="Key">As <c>Organization.Plan</c> names it.</param>
/// <param name="Features">Names of what it has.</param>
/// <param name="Quotas">A number for each of <see cref="QuotaNames"/>, before what features lift.</param>
public sealed record Plan(
    string Key, string Name, string Description, int Rank, int TrialDays, bool PerSeat, IReadOnlyList<Price> Prices, FrozenSet<string> Features, FrozenDictionary<string, long> Quotas);

/// <inheritdoc cref="PriceOptions"/>
public sealed record Price(string LookupKey, long Amount, string Currency, string Interval);

/// <inheritdoc cref="FeatureOptions"/>
public sealed record Feature(string Name, string Description, int Rollout, string? Lifts, long From);

/// <summary>The plans and features there are: configuration, checked when the node starts.</summary>
public sealed class PlanCatalogue
{
    private readonly FrozenDictionary<string, Plan> plans;
    private readonly FrozenDictionary<string, Feature> features;
    private readonly FrozenDictionary<string, Plan> byLookupKey;

    /// <summary>That of the configuration.</summary>
    public PlanCatalogue(IOptions<BillingOptions> options)
    {
        plans = options.Value.Plans.ToFrozenDictionary(plan => plan.Key, plan => Of(plan.Key, plan.Value), StringComparer.Ordinal);
        features = options.Value.Features.ToFrozenDictionary(
            feature => feature.Key,
            feature => new Feature(feature.Key, feature.Value.Description, feature.Value.Rollout, feature.Value.Lifts, feature.Value.From),
            StringComparer.Ordinal);
        Default = plans[options.Value.DefaultPlan];
        All = [.. plans.Values.OrderBy(plan => plan.Rank)];
        Features = [.. features.Values.OrderBy(feature => feature.Name, StringComparer.Ordinal)];
        byLookupKey = All.SelectMany(plan => plan.Prices.Select(price => (price.LookupKey, plan))).ToFrozenDictionary(pair => pair.LookupKey, pair => pair.plan, StringComparer.Ordinal);
    }

    /// <summary>Every plan, the smallest first.</summary>
    public IReadOnlyList<Plan> All { get; }

    /// <summary>Every feature, by name.</summary>
    public IReadOnlyList<Feature> Features { get; }

    /// <summary>The plan of whoever pays nothing.</summary>
    public Plan Default { get; }

    /// <summary>The plan of this key; null when there is none.</summary>
    public Plan? Find(string key) => plans.GetValueOrDefault(key);

    /// <summary>The plan of this key, or <see cref="Default"/> where the catalogue has none of it any more.</summary>
    public Plan Of(string key) => Find(key) ?? Default;

    /// <summary>The feature of this name; null when there is none.</summary>
    public Feature? FindFeature(string name) => features.GetValueOrDefault(name);

    /// <summary>The plan that is sold at this price; null when none is: it grants nothing (BILL-22).</summary>
    public Plan? SoldAt(string? lookupKey) => lookupKey is null ? null : byLookupKey.GetValueOrDefault(lookupKey);

    /// <summary>The smallest plan with this feature; null when none has it.</summary>
    public Plan? SmallestWith(string feature) => All.FirstOrDefault(plan => plan.Features.Contains(feature));

    /// <summary>The smallest plan with more of this quota than <paramref name="than"/>; null when none has.</summary>
    public Plan? SmallestWithMore(string quota, long than) => All.FirstOrDefault(plan => NumberOf(plan, quota, plan.Features.Contains) > than);

    /// <summary>A plan's number of a quota, held down where a feature that would lift it is off.</summary>
    public long NumberOf(Plan plan, string quota, Func<string, bool> isOn)
    {
        var number = plan.Quotas[quota];
        foreach (var feature in Features)
        {
            if (feature.Lifts == quota && !isOn(feature.Name))
            {
                number = Math.Min(number, feature.From);
            }
        }

        return number;
    }

    private static Plan Of(string key, PlanOptions plan) => new(
        key, plan.Name, plan.Description, plan.Rank, plan.TrialDays, plan.PerSeat,
        [.. plan.Prices.Select(price => new Price(price.LookupKey, price.Amount, price.Currency, price.Interval))],
        plan.Features.ToFrozenSet(StringComparer.Ordinal), plan.Quotas.ToFrozenDictionary(StringComparer.Ordinal));
}
