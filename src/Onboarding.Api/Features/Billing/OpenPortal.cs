using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <param name="Url">Where to send the person; good for minutes.</param>
public sealed record PortalResponse(string Url);

/// <summary>Opens the provider's own pages for means of payment, addresses and invoices.</summary>
internal sealed class OpenPortal(BillingAccount account, BillingPages pages)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/portal", (OpenPortal useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Open the payment provider's pages")
        .WithExample(response: new PortalResponse("https://billing.stripe.com/p/session/..."))
        .WithErrors(("billing.no_subscription", 409), ("billing.refused", 409), ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public async Task<Results<Ok<PortalResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken)
    {
        var (customer, _) = await account.FindAsync(cancellationToken);
        if (customer is null)
        {
            return BillingAccount.NoSubscription();
        }

        if (account.ProviderOf(customer) is not IBillingPortal portal)
        {
            return BillingAccount.NotConfigured();
        }

        var (url, problem) = await account.DoAsync("billing.portal_requested", note: null, () => portal.OpenPortalAsync(customer.ExternalId, pages.Return(account.Organization), CancellationToken.None));
        return url is null ? problem! : TypedResults.Ok(new PortalResponse(url));
    }
}
