using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <param name="Plan">Key of a plan that has a price.</param>
/// <param name="Interval"><c>month</c> or <c>year</c>.</param>
public sealed record PreviewChangeRequest(
    [property: Required, StringLength(40)] string Plan,
    [property: RegularExpression("month|year", ErrorMessage = "An interval is month or year.")] string Interval = "month");

/// <param name="DueNow">What is charged at once for the rest of the period, in the smallest unit; negative for a credit.</param>
/// <param name="At">The moment for which this holds: given to <c>POST /billing/change</c> within ten minutes, it is charged as shown.</param>
public sealed record ChangePreviewResponse(long DueNow, string Currency, IReadOnlyList<ChangeLineResponse> Lines, DateTimeOffset At)
{
    internal static readonly ChangePreviewResponse Example = new(
        17_100, "eur", [new("Unused time on Premium, monthly", -1900), new("Remaining time on Premium, yearly", 19_000)], DateTimeOffset.UnixEpoch.AddYears(57));
}

public sealed record ChangeLineResponse(string Description, long Amount);

/// <summary>What another plan or interval would cost now, with what is credited for the time that is paid and not used.</summary>
internal sealed class PreviewChange(BillingAccount account, PlanCatalogue catalogue, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/change/preview", (PreviewChangeRequest request, PreviewChange useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Preview a change of plan")
        .WithExample(new PreviewChangeRequest("premium", "year"), ChangePreviewResponse.Example)
        .WithErrors(("billing.plan_unknown", 400), ("billing.no_subscription", 409), ("billing.unchanged", 409), ("billing.refused", 409), ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public async Task<Results<Ok<ChangePreviewResponse>, ProblemHttpResult>> HandleAsync(PreviewChangeRequest request, CancellationToken cancellationToken)
    {
        // Stripe counts in seconds.
        var at = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds());
        var (provider, change, problem) = await PrepareAsync(request.Plan, request.Interval, at, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var (preview, failure) = await account.TryAsync(() => provider!.PreviewChangeAsync(change!, cancellationToken));
        return preview is null
            ? failure!
            : TypedResults.Ok(new ChangePreviewResponse(preview.DueNow, preview.Currency, [.. preview.Lines.Select(line => new ChangeLineResponse(line.Description, line.Amount))], at));
    }

    /// <summary>The change of the living subscription to this plan, or why there is none.</summary>
    public async Task<(IPlanChanges? Provider, PlanChange? Change, ProblemHttpResult? Problem)> PrepareAsync(string plan, string interval, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (account.PriceOf(plan, interval) is not Price price)
        {
            return (null, null, BillingAccount.UnknownPlan());
        }

        var (customer, standing) = await account.FindAsync(cancellationToken);
        if (customer is null || standing is not { Phase: SubscriptionPhase.Active or SubscriptionPhase.Trial, Subscription: { } subscription })
        {
            return (null, null, BillingAccount.NoSubscription());
        }

        if (subscription.LookupKey == price.LookupKey)
        {
            return (null, null, Problems.Conflict("billing.unchanged", "This is what is paid for already."));
        }

        if (account.ProviderOf(customer) is not IPlanChanges provider)
        {
            return (null, null, BillingAccount.NotConfigured());
        }

        var seats = await account.SeatsAsync(catalogue.Find(plan)!, cancellationToken);
        return (provider, new(customer.ExternalId, subscription.ExternalId, subscription.ItemId, price.LookupKey, seats, at), null);
    }
}
