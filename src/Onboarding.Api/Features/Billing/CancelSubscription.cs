using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <summary>Ends the subscription when what was paid for is over. Until then everything goes on, and it can be taken back.</summary>
internal sealed class CancelSubscription(BillingAccount account)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/cancel", (CancelSubscription useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancel: true, cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Cancel the subscription at the end of the period")
        .WithErrors(("billing.no_subscription", 409), ("billing.refused", 409), ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public async Task<Results<Accepted, ProblemHttpResult>> HandleAsync(bool cancel, CancellationToken cancellationToken)
    {
        var (customer, standing) = await account.FindAsync(cancellationToken);
        if (customer is null || !standing.IsLive || standing is not { Subscription: { } subscription })
        {
            return BillingAccount.NoSubscription();
        }

        if (account.ProviderOf(customer) is not IScheduledCancellation provider)
        {
            return BillingAccount.NotConfigured();
        }

        var problem = await account.DoAsync(
            cancel ? "billing.cancellation_requested" : "billing.resumption_requested", note: null, () => provider.ScheduleCancellationAsync(subscription.ExternalId, cancel, CancellationToken.None));
        return problem is null ? TypedResults.Accepted((string?)null) : problem;
    }
}
