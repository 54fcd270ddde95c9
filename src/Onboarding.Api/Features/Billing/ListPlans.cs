using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;

namespace Onboarding.Api.Features.Billing;

/// <param name="Key">What the other routes call it.</param>
/// <param name="TrialDays">Days of trial of an organization that never had one.</param>
/// <param name="PerSeat">Whether its prices are those of one seat.</param>
/// <param name="Features">Names of what it has.</param>
/// <param name="Quotas">How much there is of what it limits.</param>
public sealed record PlanResponse(
    string Key, string Name, string Description, int TrialDays, bool PerSeat, IReadOnlyList<PriceResponse> Prices, IReadOnlyList<string> Features, IReadOnlyDictionary<string, long> Quotas)
{
    internal static readonly PlanResponse Example = new(
        "premium", "Premium", "Everything, by the seat.", 14, PerSeat: true, [new("month", 1900, "eur")], [FeatureNames.CustomRoles], new SortedDictionary<string, long> { [QuotaNames.Seats] = 1000 });
}

/// <param name="Interval"><c>month</c> or <c>year</c>.</param>
/// <param name="Amount">In the smallest unit of the currency.</param>
/// <param name="Currency">ISO 4217, lower case.</param>
public sealed record PriceResponse(string Interval, long Amount, string Currency);

public sealed record PlansResponse(IReadOnlyList<PlanResponse> Data);

/// <summary>What can be had, for everybody: a page of prices asks for it.</summary>
internal sealed class ListPlans(PlanCatalogue catalogue)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/plans", (ListPlans useCase) => useCase.Handle())
        .AllowAnonymous()
        .ExcludeFromMultiTenantResolution()
        .WithSummary("List the plans")
        .WithExample(response: new PlansResponse([PlanResponse.Example]));

    public Ok<PlansResponse> Handle() => TypedResults.Ok(new PlansResponse([.. catalogue.All.Select(plan => new PlanResponse(
        plan.Key, plan.Name, plan.Description, plan.TrialDays, plan.PerSeat,
        [.. plan.Prices.Select(price => new PriceResponse(price.Interval, price.Amount, price.Currency))],
        [.. plan.Features.Order(StringComparer.Ordinal)],
        new SortedDictionary<string, long>(QuotaNames.All.ToDictionary(quota => quota, quota => catalogue.NumberOf(plan, quota, plan.Features.Contains)), StringComparer.Ordinal)))]));
}
