using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Onboarding.Billing.Plans;

/// <summary>Refuses to start with a catalogue that contradicts itself or the code.</summary>
internal sealed partial class BillingOptionsValidator : IValidateOptions<BillingOptions>
{
    public ValidateOptionsResult Validate(string? name, BillingOptions options)
    {
        IReadOnlyList<string> failures =
        [
            .. FeatureNames.All.Where(feature => !options.Features.ContainsKey(feature)).Select(feature => $"Billing:Features:{feature} is missing: the code asks about it."),
            .. options.Features.SelectMany(feature => OfFeature(feature.Key, feature.Value)),
            .. options.Plans.SelectMany(plan => OfPlan(plan.Key, plan.Value, options)),
            .. OfDefault(options),
            .. Twice(options.Plans.SelectMany(plan => plan.Value.Prices).Select(price => price.LookupKey)).Select(key => $"Billing:Plans: the lookup key {key} stands for two prices."),
            .. Twice(options.Plans.Values.Select(plan => plan.Rank)).Select(rank => $"Billing:Plans: two plans have rank {rank}."),
        ];
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> OfDefault(BillingOptions options)
    {
        if (!options.Plans.TryGetValue(options.DefaultPlan, out var plan))
        {
            yield return $"Billing:DefaultPlan names {options.DefaultPlan}, which is not among Billing:Plans.";
        }
        else if (plan.Prices.Count > 0)
        {
            yield return $"Billing:DefaultPlan names {options.DefaultPlan}, which has a price.";
        }
    }

    private static IEnumerable<string> OfFeature(string name, FeatureOptions feature)
    {
        if (!Key.IsMatch(name))
        {
            yield return $"Billing:Features:{name}: a name has 2 to 40 of a-z, 0-9 and _.";
        }

        if (feature.Rollout is < 0 or > 100)
        {
            yield return $"Billing:Features:{name}:Rollout takes 0 to 100.";
        }

        if (feature.Lifts is { } quota && !QuotaNames.All.Contains(quota))
        {
            yield return $"Billing:Features:{name}:Lifts names {quota}, which is no quota.";
        }

        if (feature.From < 0)
        {
            yield return $"Billing:Features:{name}:From takes 0 or more.";
        }
    }

    private static IEnumerable<string> OfPlan(string key, PlanOptions plan, BillingOptions options)
    {
        if (!Key.IsMatch(key))
        {
            yield return $"Billing:Plans:{key}: a key has 2 to 40 of a-z, 0-9 and _.";
        }

        if (string.IsNullOrWhiteSpace(plan.Name))
        {
            yield return $"Billing:Plans:{key}:Name is missing.";
        }

        if (plan.TrialDays is < 0 or > 730)
        {
            yield return $"Billing:Plans:{key}:TrialDays takes 0 to 730.";
        }

        foreach (var feature in plan.Features.Where(feature => !options.Features.ContainsKey(feature)))
        {
            yield return $"Billing:Plans:{key}:Features names {feature}, which is not among Billing:Features.";
        }

        foreach (var quota in QuotaNames.All.Where(quota => !plan.Quotas.TryGetValue(quota, out var number) || number < 0))
        {
            yield return $"Billing:Plans:{key}:Quotas:{quota} is missing or negative.";
        }

        foreach (var quota in plan.Quotas.Keys.Where(quota => !QuotaNames.All.Contains(quota)))
        {
            yield return $"Billing:Plans:{key}:Quotas names {quota}, which the code does not know.";
        }

        foreach (var interval in Twice(plan.Prices.Select(price => price.Interval)))
        {
            yield return $"Billing:Plans:{key}:Prices: two are by the {interval}; a checkout names the plan and the interval.";
        }

        foreach (var price in plan.Prices.Where(price => !IsGood(price)))
        {
            yield return $"Billing:Plans:{key}:Prices: {price.LookupKey} takes a LookupKey, an Amount, a Currency such as eur and an Interval, month or year.";
        }
    }

    private static bool IsGood(PriceOptions price) =>
        price.LookupKey.Length is > 0 and <= 200 && price.Amount >= 0 && Currency.IsMatch(price.Currency) && price.Interval is "month" or "year";

    private static IEnumerable<T> Twice<T>(IEnumerable<T> values) => values.GroupBy(value => value).Where(group => group.Count() > 1).Select(group => group.Key);

    [GeneratedRegex("^[a-z][a-z0-9_]{1,39}$")]
    private static partial Regex Key { get; }

    [GeneratedRegex("^[a-z]{3}$")]
    private static partial Regex Currency { get; }
}
