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
    /// <summary>Longer than any call of the provider takes.</summary>
    private static readonly TimeSpan BeingMade = TimeSpan.FromMinutes(2);

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
            return await OpenAsync(provider, customer, catalogue.Find(request.Plan)!, price, CancellationToken.None);
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

    /// <summary>The open checkout for this purchase; none where another one is just being made, or where there is a subscription after all.</summary>
    private async Task<Opened> OpenAsync(IBillingProvider provider, Customer customer, Plan plan, Price price, CancellationToken cancellationToken)
    {
        var seats = await account.SeatsAsync(plan, cancellationToken);
        var hadTrial = await billing.Trials.AnyAsync(trial => trial.OrganizationId == customer.OrganizationId, cancellationToken);
        var wanted = Checkout.Begin(customer, price.LookupKey, seats, hadTrial ? 0 : plan.TrialDays, clock.GetUtcNow());
        if (await OpenRowAsync(customer.OrganizationId, cancellationToken) is { } open)
        {
            if (open.IsFor(wanted, clock.GetUtcNow()) && (open.ExternalId is null || await provider.IsCheckoutOpenAsync(open.ExternalId, cancellationToken)))
            {
                return await MakeAsync(provider, customer, open, cancellationToken);
            }

            if (!await CloseAsync(provider, customer, open, cancellationToken))
            {
                return new(null);
            }
        }

        billing.Checkouts.Add(wanted);
        try
        {
            await billing.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else opens one at this moment: the same one, where it is for the same.
            billing.ChangeTracker.Clear();
            return await OpenRowAsync(customer.OrganizationId, cancellationToken) is { } theirs && theirs.IsFor(wanted, clock.GetUtcNow())
                ? await MakeAsync(provider, customer, theirs, cancellationToken)
                : new(null);
        }

        return await MakeAsync(provider, customer, wanted, cancellationToken);
    }

    private Task<Checkout?> OpenRowAsync(Guid organization, CancellationToken cancellationToken) =>
        billing.Checkouts.SingleOrDefaultAsync(c => c.OrganizationId == organization && c.ClosedAt == null, cancellationToken);

    /// <summary>Closes what is open for something else: at the provider first, so that nobody can pay by it any more. False while it is just being made.</summary>
    private async Task<bool> CloseAsync(IBillingProvider provider, Customer customer, Checkout open, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (open.ExternalId is null)
        {
            if (open.CreatedAt > now - BeingMade)
            {
                return false;
            }

            // Whoever began it has died. Its id is the key: asked again, the provider names the session that there may be.
            open.Open(await StartAsync(provider, customer, open, cancellationToken));
        }

        await provider.ExpireCheckoutAsync(open.ExternalId!, cancellationToken);
        open.Close(now);
        await billing.SaveChangesAsync(cancellationToken);
        return true;
    }

    /// <summary>Has the provider make the session of a row, unless it has. It is asked for the state too: what is stored here may not know of a payment yet.</summary>
    private async Task<Opened> MakeAsync(IBillingProvider provider, Customer customer, Checkout checkout, CancellationToken cancellationToken)
    {
        var snapshot = await provider.FetchAsync(customer.ExternalId, cancellationToken);
        if (snapshot.Subscriptions.Any(subscription => subscription.Status is not (SubscriptionStatus.Canceled or SubscriptionStatus.IncompleteExpired or SubscriptionStatus.Incomplete)))
        {
            if (checkout.Url is null)
            {
                await CloseRowAsync(checkout, cancellationToken);
            }

            return new(null, IsSubscribed: true);
        }

        if (checkout.Url is not null)
        {
            return new(checkout);
        }

        CheckoutSession session;
        try
        {
            session = await StartAsync(provider, customer, checkout, cancellationToken);
        }
        catch (ProviderRefusedException)
        {
            // The key remembers the refusal; the next try needs another one.
            await CloseRowAsync(checkout, cancellationToken);
            throw;
        }

        // Closed by somebody else meanwhile: what was made must not stay open beside theirs.
        checkout.Open(session);
        if (await billing.Checkouts.Where(c => c.Id == checkout.Id && c.ClosedAt == null).ExecuteUpdateAsync(
            set => set.SetProperty(c => c.ExternalId, session.ExternalId).SetProperty(c => c.Url, session.Url).SetProperty(c => c.ExpiresAt, session.ExpiresAt), cancellationToken) == 1)
        {
            return new(checkout);
        }

        await provider.ExpireCheckoutAsync(session.ExternalId, cancellationToken);
        return new(null);
    }

    private Task<CheckoutSession> StartAsync(IBillingProvider provider, Customer customer, Checkout checkout, CancellationToken cancellationToken) => provider.StartCheckoutAsync(
        new(customer.OrganizationId, customer.ExternalId, checkout.LookupKey, checkout.Quantity, checkout.TrialDays, pages.Success(account.Organization), pages.Cancelled(account.Organization)),
        $"checkout-{checkout.Id:N}",
        cancellationToken);

    private Task CloseRowAsync(Checkout checkout, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return billing.Checkouts.Where(c => c.Id == checkout.Id && c.ClosedAt == null).ExecuteUpdateAsync(set => set.SetProperty(c => c.ClosedAt, now), cancellationToken);
    }

    private Task<string?> EmailAsync(CancellationToken cancellationToken) =>
        db.Members.Where(member => member.Id == actor.OnBehalfOf).Select(member => member.Email).SingleOrDefaultAsync(cancellationToken);

    private sealed record Opened(Checkout? Checkout, bool IsSubscribed = false);
}
