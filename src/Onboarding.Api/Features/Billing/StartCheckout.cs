using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;
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
internal sealed class StartCheckout(BillingAccount account, BillingDbContext billing, CustomerLinks links, PlanCatalogue catalogue, BillingPages pages, RequestActor actor, TenantDbContext db, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/checkout", (StartCheckoutRequest request, StartCheckout useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
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
            return Problems.Conflict("billing.already_subscribed", "There is a subscription; change it instead.");
        }

        if (account.ProviderOf(known) is not { IsConfigured: true } provider)
        {
            return BillingAccount.NotConfigured();
        }

        var (opened, problem) = await account.TryAsync(async () =>
        {
            var customer = await links.EnsureAsync(provider, new(account.Organization.Key, account.Organization.Name, await EmailAsync(cancellationToken)), cancellationToken);
            return new Opened(await OpenAsync(provider, customer, catalogue.Find(request.Plan)!, price, cancellationToken));
        });
        if (problem is not null || opened is null)
        {
            return problem!;
        }

        if (opened.Checkout is not { Url: { } url, ExpiresAt: { } expires } checkout)
        {
            return Problems.Conflict("billing.checkout_busy", "A checkout was just opened or paid. Look at the subscription, and try again.");
        }

        await account.DoneAsync("billing.checkout_started", price.LookupKey, cancellationToken);
        return TypedResults.Ok(new CheckoutResponse(url, expires, checkout.TrialDays));
    }

    /// <summary>The open checkout for this purchase; null where another one is just being made, or was paid.</summary>
    private async Task<Checkout?> OpenAsync(IBillingProvider provider, Customer customer, Plan plan, Price price, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var seats = await account.SeatsAsync(plan, cancellationToken);
        var hadTrial = await billing.Trials.AnyAsync(trial => trial.OrganizationId == customer.OrganizationId, cancellationToken);
        var trial = hadTrial ? 0 : plan.TrialDays;
        var open = await billing.Checkouts.SingleOrDefaultAsync(c => c.OrganizationId == customer.OrganizationId && c.ClosedAt == null, cancellationToken);
        if (open is not null && !open.IsFor(customer.Id, price.LookupKey, seats, trial, now))
        {
            // Closed at the provider first: from there on nobody can pay by it. What was paid meanwhile is about to be a subscription.
            if (open.ExternalId is { } old && !await provider.ExpireCheckoutAsync(old, cancellationToken))
            {
                return null;
            }

            open.Close(now);
            await billing.SaveChangesAsync(cancellationToken);
            open = null;
        }

        if (open is null)
        {
            open = Checkout.Begin(customer, price.LookupKey, seats, trial, now);
            billing.Checkouts.Add(open);
            try
            {
                await billing.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // Somebody else opens one at this moment: the same one, where it is for the same.
                billing.ChangeTracker.Clear();
                open = await billing.Checkouts.SingleOrDefaultAsync(c => c.OrganizationId == customer.OrganizationId && c.ClosedAt == null, cancellationToken);
                if (open?.IsFor(customer.Id, price.LookupKey, seats, trial, now) != true)
                {
                    return null;
                }
            }
        }

        if (open.Url is null)
        {
            // Its id is the key: asked again after a crash, or by two at once, the provider answers with the same session.
            open.Open(await provider.StartCheckoutAsync(
                new(customer.OrganizationId, customer.ExternalId, price.LookupKey, open.Quantity, open.TrialDays, pages.Success(account.Organization), pages.Cancelled(account.Organization)),
                $"checkout-{open.Id:N}",
                cancellationToken));
            await billing.SaveChangesAsync(cancellationToken);
        }

        return open;
    }

    private Task<string?> EmailAsync(CancellationToken cancellationToken) =>
        db.Members.Where(member => member.Id == actor.OnBehalfOf).Select(member => member.Email).SingleOrDefaultAsync(cancellationToken);

    private sealed record Opened(Checkout? Checkout);
}
