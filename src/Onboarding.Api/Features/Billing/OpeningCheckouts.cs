using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <summary>What came of opening a checkout.</summary>
/// <param name="Checkout">The open one; null where there is none.</param>
/// <param name="IsSubscribed">Whether that is because there is a subscription.</param>
internal sealed record Opened(Checkout? Checkout, bool IsSubscribed = false);

/// <summary>
/// Sees to it that one checkout of an organization at most can be paid (BILL-21): the row that is open is unique, whatever else was
/// open is closed at the provider first, and the provider itself is asked whether there is a subscription by now.
/// </summary>
internal sealed class OpeningCheckouts(BillingAccount account, BillingDbContext billing, BillingPages pages, TimeProvider clock)
{
    /// <summary>Longer than any call of the provider takes.</summary>
    private static readonly TimeSpan BeingMade = TimeSpan.FromMinutes(2);

    /// <summary>The open checkout for this purchase; none where another one is just being made, or where there is a subscription after all.</summary>
    public async Task<Opened> OpenAsync(IBillingProvider provider, Customer customer, Plan plan, Price price, CancellationToken cancellationToken)
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
            // However the subscription came about, nobody is to pay for a second one.
            if (checkout.ExternalId is { } made)
            {
                await provider.ExpireCheckoutAsync(made, cancellationToken);
            }

            await CloseRowAsync(checkout, cancellationToken);
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
}
