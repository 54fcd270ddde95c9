using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <param name="Plan">Key of the organization's plan, however it came by it.</param>
/// <param name="Phase">What the subscription means now.</param>
/// <param name="PlanPaidFor">Key of the plan of the subscription; null without one, and for a price that the catalogue does not know.</param>
/// <param name="Interval"><c>month</c> or <c>year</c>.</param>
/// <param name="Seats">Seats paid for.</param>
/// <param name="CurrentPeriodEnd">Until when it is paid.</param>
/// <param name="CancelAt">When it ends; null while it goes on.</param>
/// <param name="TrialEnd">When its trial ends or ended.</param>
/// <param name="GraceEnd">When the plan ends unless what is owed is paid; null while nothing is owed.</param>
/// <param name="TrialAvailable">Whether a first subscription would begin with a trial.</param>
/// <param name="Capabilities">What can be done here: <c>checkout</c>, <c>portal</c>, <c>change</c>, <c>cancel</c>, <c>resume</c>.</param>
/// <param name="CheckedAt">When the provider was last asked.</param>
public sealed record SubscriptionResponse(
    string Plan, SubscriptionPhase Phase, string? PlanPaidFor, string? Interval, long? Seats, DateTimeOffset? CurrentPeriodEnd, DateTimeOffset? CancelAt,
    DateTimeOffset? TrialEnd, DateTimeOffset? GraceEnd, bool TrialAvailable, IReadOnlyList<string> Capabilities, DateTimeOffset? CheckedAt)
{
    internal static readonly SubscriptionResponse Example = new(
        "premium", SubscriptionPhase.Active, "premium", "month", 12, DateTimeOffset.UnixEpoch.AddYears(57), null, null, null, TrialAvailable: false, ["portal", "change", "cancel"], DateTimeOffset.UnixEpoch.AddYears(56));
}

/// <summary>How the organization stands with what it pays, as the provider was last heard.</summary>
internal sealed class GetSubscription(BillingAccount account, BillingDbContext billing, PlanCatalogue catalogue)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/subscription", (GetSubscription useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Read the subscription")
        .WithExample(response: SubscriptionResponse.Example);

    public async Task<Ok<SubscriptionResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var (customer, standing) = await account.FindAsync(cancellationToken);
        var organization = account.Organization;
        var hadTrial = await billing.Trials.AnyAsync(trial => trial.OrganizationId == organization.Key, cancellationToken);
        var subscription = standing.Subscription;
        return TypedResults.Ok(new SubscriptionResponse(
            organization.Plan,
            standing.Phase,
            subscription?.Plan,
            catalogue.SoldAt(subscription?.LookupKey)?.Prices.FirstOrDefault(price => price.LookupKey == subscription!.LookupKey)?.Interval,
            subscription?.Quantity,
            subscription?.CurrentPeriodEnd,
            subscription?.CancelAt,
            subscription?.TrialEnd,
            standing.Phase == SubscriptionPhase.Grace ? standing.Until : null,
            TrialAvailable: !hadTrial && catalogue.All.Any(plan => plan is { TrialDays: > 0, Prices.Count: > 0 }),
            Capabilities(account.ProviderOf(customer), customer, standing),
            customer?.CheckedAt));
    }

    private static List<string> Capabilities(IBillingProvider? provider, Customer? customer, Standing standing)
    {
        var can = new List<string>();
        Add("checkout", provider is { IsConfigured: true } && !standing.IsLive);
        Add("portal", provider is IBillingPortal && customer is not null);
        Add("change", provider is IPlanChanges && standing.Phase is SubscriptionPhase.Active or SubscriptionPhase.Trial);
        Add("cancel", provider is IScheduledCancellation && standing.IsLive && standing.Phase != SubscriptionPhase.Ending);
        Add("resume", provider is IScheduledCancellation && standing.Phase == SubscriptionPhase.Ending);
        return can;

        void Add(string capability, bool isThere)
        {
            if (isThere)
            {
                can.Add(capability);
            }
        }
    }
}
