using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;

namespace Onboarding.Billing.Subscriptions;

/// <summary>What came of linking a customer by hand.</summary>
public enum LinkOutcome
{
    /// <summary>It is linked, and its state is being fetched.</summary>
    Linked,

    /// <summary>There is no such provider here, or it has no such customer, or does not answer.</summary>
    Unknown,

    /// <summary>The organization is another customer already, or the customer another organization.</summary>
    Taken,
}

/// <summary>Which customer of which provider an organization is.</summary>
public sealed class CustomerLinks(IDbContextFactory<BillingDbContext> billing, BillingProviders providers, SyncRequests sync, CallbackInbox inbox, TimeProvider clock)
{
    /// <summary>
    /// Links a customer by hand. The provider is asked first: a customer whom it does not have could never be fetched, and
    /// would stand in the way of the right one. And it is told whose the customer is: what it names another organization for, the
    /// one that this was exported from, would be charged and give nothing (BILL-11).
    /// </summary>
    public async Task<LinkOutcome> LinkKnownAsync(Guid organizationId, string provider, string customer, CancellationToken cancellationToken)
    {
        try
        {
            if (providers.Find(provider) is not { IsConfigured: true } known || await known.FetchAsync(customer, cancellationToken) is not { IsDeleted: false } theirs)
            {
                return LinkOutcome.Unknown;
            }

            if (await LinkAsync(Customer.Link(organizationId, provider, customer, clock.GetUtcNow()), cancellationToken) is null)
            {
                return LinkOutcome.Taken;
            }

            await sync.OfOrganizationAsync(organizationId, cancellationToken);
            if (theirs.Subscriptions.Any(subscription => subscription.OrganizationId is { } named && named != organizationId))
            {
                await known.AssignAsync(customer, theirs.Subscriptions.Where(s => s.Status is not (SubscriptionStatus.Canceled or SubscriptionStatus.IncompleteExpired)).Select(s => s.ExternalId), organizationId, cancellationToken);
                await sync.OfOrganizationAsync(organizationId, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is ProviderRefusedException or ProviderUnavailableException)
        {
            // What is linked by then is linked again by whoever repeats it.
            return LinkOutcome.Unknown;
        }

        return LinkOutcome.Linked;
    }

    /// <summary>The customer that an organization is; made where it is none yet. Two at once end with the same one (BILL-21).</summary>
    public async Task<Customer> EnsureAsync(IBillingProvider provider, NewCustomer wanted, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        var known = await db.Customers.AsNoTracking().Where(c => c.OrganizationId == wanted.OrganizationId && c.Provider == provider.Name).ToListAsync(cancellationToken);
        if (known.Find(customer => customer.DeletedAt is null) is { } living)
        {
            return living;
        }

        // By organization and generation: whoever asks at the same time, or again after a crash, gets the same customer of the provider.
        var externalId = await provider.CreateCustomerAsync(wanted, $"customer-{wanted.OrganizationId:N}-{known.Count}", cancellationToken);
        return await LinkAsync(Customer.Link(wanted.OrganizationId, provider.Name, externalId, clock.GetUtcNow()), cancellationToken)
            ?? throw new ProviderRefusedException("customer_taken", "The provider's customer belongs to another organization.");
    }

    /// <summary>Whether the organization is, or was, anybody's customer.</summary>
    public async Task<bool> IsCustomerAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        return await db.Customers.AnyAsync(c => c.OrganizationId == organizationId, cancellationToken);
    }

    /// <summary>Whether it has a subscription that the provider goes on charging.</summary>
    public async Task<bool> IsChargedAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        return await db.Subscriptions.AnyAsync(
            s => db.Customers.Any(c => c.Id == s.CustomerId && c.OrganizationId == organizationId && c.DeletedAt == null)
                && s.Status != SubscriptionStatus.Canceled && s.Status != SubscriptionStatus.IncompleteExpired,
            cancellationToken);
    }

    /// <summary>Stores a link. Null when the customer is another organization's.</summary>
    public async Task<Customer?> LinkAsync(Customer customer, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        db.Customers.Add(customer);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else has linked it at this moment.
            db.ChangeTracker.Clear();
            var linked = await db.Customers.AsNoTracking().SingleOrDefaultAsync(
                c => c.OrganizationId == customer.OrganizationId && c.Provider == customer.Provider && c.DeletedAt == null, cancellationToken);
            if (linked?.ExternalId != customer.ExternalId)
            {
                return null;
            }

            customer = linked;
        }

        await inbox.MatchAsync(customer, cancellationToken);
        return customer;
    }
}
