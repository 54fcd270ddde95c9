using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Billing;

/// <param name="Plan">Key of a plan that has a price.</param>
/// <param name="Interval"><c>month</c> or <c>year</c>.</param>
public sealed record StartCheckoutRequest(
    [property: Required, StringLength(40)] string Plan,
    [property: RegularExpression("month|year", ErrorMessage = "An interval is month or year.")] string Interval = "month");

/// <param name="Url">Where to send the person who pays.</param>
/// <param name="TrialDays">Days of trial with which it begins; 0 without one.</param>
public sealed record CheckoutResponse(string Url, DateTimeOffset ExpiresAt, int TrialDays);

/// <summary>Opens the provider's checkout. One at a time is open, and none while a subscription lives, so that nobody pays twice (BILL-21).</summary>
internal sealed class StartCheckout(BillingAccount account, OpeningCheckouts opening, CustomerLinks links, PlanCatalogue catalogue, RequestActor actor, TenantDbContext db)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/checkout", (StartCheckoutRequest request, StartCheckout useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Open the checkout of a plan")
        .WithExample(new StartCheckoutRequest("premium"), new CheckoutResponse("https://checkout.stripe.com/c/pay/cs_...", DateTimeOffset.UnixEpoch.AddYears(57), 14))
        .WithErrors(
            ("billing.plan_unknown", 400), ("billing.already_subscribed", 409), ("billing.checkout_busy", 409), ("billing.refused", 409),
            ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public async Task<Results<Ok<CheckoutResponse>, ProblemHttpResult>> HandleAsync(StartCheckoutRequest request, CancellationToken cancellationToken)
    {
        if (account.PriceOf(request.Plan, request.Interval) is not { } price)
        {
            return BillingAccount.UnknownPlan();
        }

        var (known, standing) = await account.FindAsync(cancellationToken);
        if (standing.IsLive)
        {
            return AlreadySubscribed();
        }

        if (account.ProviderOf(known) is not { IsConfigured: true } provider)
        {
            return BillingAccount.NotConfigured();
        }

        var (opened, problem) = await account.DoAsync("billing.checkout_requested", price.LookupKey, async () =>
        {
            var customer = await links.EnsureAsync(provider, new(account.Organization.Key, account.Organization.Name, await EmailAsync(cancellationToken)), CancellationToken.None);
            return await opening.OpenAsync(provider, customer, catalogue.Find(request.Plan)!, price, CancellationToken.None);
        });
        return opened switch
        {
            null => problem!,
            { IsSubscribed: true } => AlreadySubscribed(),
            { Checkout: { Url: { } url, ExpiresAt: { } expires } checkout } => TypedResults.Ok(new CheckoutResponse(url, expires, checkout.TrialDays)),
            _ => Problems.Conflict("billing.checkout_busy", "Another checkout is just being opened. Try again in a moment."),
        };
    }

    private static ProblemHttpResult AlreadySubscribed() => Problems.Conflict("billing.already_subscribed", "There is a subscription; change it instead.");

    private Task<string?> EmailAsync(CancellationToken cancellationToken) =>
        db.Members.Where(member => member.Id == actor.OnBehalfOf).Select(member => member.Email).SingleOrDefaultAsync(cancellationToken);
}
