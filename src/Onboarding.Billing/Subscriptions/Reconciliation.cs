using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Billing.Subscriptions;

/// <summary>What a run found.</summary>
/// <param name="Checked">Customers whose state was fetched.</param>
/// <param name="Failed">Of whom the provider said nothing.</param>
/// <param name="Drifted">Of whom it said something new, and no callback had told.</param>
/// <param name="Missed">Callbacks that the provider has sent and that had not arrived.</param>
public sealed record ReconciliationReport(int Checked, int Failed, int Drifted, int Missed);

/// <summary>Makes good for callbacks that never arrived (BILL-20): fetches the state of customers, and reads the provider's own list of events.</summary>
public sealed partial class Reconciliation(
    IDbContextFactory<BillingDbContext> billing, BillingProviders providers, CallbackInbox inbox, CustomerSync sync, SyncRequests requests, CachedOrganizationStore organizations,
    TenantSchema schema, TimeProvider clock, ILogger<Reconciliation> logger)
{
    private const int Page = 500;

    // Stripe takes a hundred requests a second; a fetch is three.
    private const int Parallelism = 8;

    /// <summary>How far back events are read: longer than a run may fail to take place, shorter than a provider keeps them.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromHours(6);

    /// <summary>Runs once.</summary>
    /// <param name="everybody">Whether customers without a living subscription are looked at too.</param>
    public async Task<ReconciliationReport> RunAsync(bool everybody, CancellationToken cancellationToken)
    {
        int looked = 0, failed = 0, drifted = 0;
        var after = Guid.Empty;
        IReadOnlyList<(Guid Id, Guid Organization)> page;
        do
        {
            page = await NextAsync(after, everybody, cancellationToken);
            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken }, async (customer, cancellation) =>
            {
                var outcome = await TryAsync(customer.Id, customer.Organization, cancellation);
                Interlocked.Add(ref looked, outcome is null ? 0 : 1);
                Interlocked.Add(ref failed, outcome?.Succeeded == false ? 1 : 0);
                Interlocked.Add(ref drifted, outcome?.Drifted == true ? 1 : 0);
            });
            after = page.Count == 0 ? after : page[^1].Id;
        }
        while (page.Count == Page);

        // After the states: what they show already is no news, and the events that tell of it are stored for the record.
        var report = new ReconciliationReport(looked, failed, drifted, await ReadEventsAsync(cancellationToken));
        Done(report.Checked, report.Failed, report.Drifted, report.Missed);
        return report;
    }

    /// <summary>Follows one customer; null when its organization does not serve. One who fails stops no other.</summary>
    private async Task<SyncOutcome?> TryAsync(Guid customer, Guid organizationId, CancellationToken cancellationToken)
    {
        try
        {
            if (await organizations.GetAsync(organizationId.ToString()) is not { Status: not OrganizationStatus.Provisioning } organization || organization.SchemaVersion < schema.OldestServed)
            {
                return null;
            }

            var outcome = await sync.RunAsync(organization, customer, cancellationToken);
            if (outcome.Again is { } again)
            {
                await requests.LaterAsync(organizationId, customer, again, cancellationToken);
            }

            return outcome;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            NotFollowed(exception, organizationId);
            return new(null, Succeeded: false, Drifted: false);
        }
    }

    private async Task<IReadOnlyList<(Guid Id, Guid Organization)>> NextAsync(Guid after, bool everybody, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var customers = db.Customers.AsNoTracking().Where(c => c.DeletedAt == null && c.Id > after);
        if (!everybody)
        {
            customers = customers.Where(c => c.Failures > 0 || db.Subscriptions.Any(s =>
                s.CustomerId == c.Id && s.Status != SubscriptionStatus.Canceled && s.Status != SubscriptionStatus.IncompleteExpired)
                || db.Checkouts.Any(o => o.CustomerId == c.Id && o.ClosedAt == null && !(o.ExpiresAt < now.AddHours(-2))));
        }

        var rows = await customers.OrderBy(c => c.Id).Take(Page).Select(c => new { c.Id, c.OrganizationId }).ToListAsync(cancellationToken);
        return [.. rows.Select(row => (row.Id, row.OrganizationId))];
    }

    private async Task<int> ReadEventsAsync(CancellationToken cancellationToken)
    {
        var missed = 0;
        foreach (var provider in providers.All.Where(provider => provider.IsConfigured))
        {
            if (provider is IEventLog log)
            {
                try
                {
                    missed += await ReadEventsAsync(provider.Name, log, cancellationToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    NotRead(exception, provider.Name);
                }
            }
        }

        return missed;
    }

    private async Task<int> ReadEventsAsync(string provider, IEventLog log, CancellationToken cancellationToken)
    {
        var missed = 0;
        await foreach (var page in log.EventsSinceAsync(clock.GetUtcNow() - Window, cancellationToken))
        {
            var told = page.Select(body => (Hint: TryRead(log, body), Body: body)).Where(one => one.Hint is not null).ToList();
            var known = await inbox.KnownAsync(provider, [.. told.Select(one => one.Hint!.EventId)], cancellationToken);
            foreach (var (hint, body) in told.Where(one => !known.Contains(one.Hint!.EventId)))
            {
                missed += (await inbox.StoreAsync(provider, hint!, body, cancellationToken)).IsNew ? 1 : 0;
            }
        }

        return missed;
    }

    private static CallbackHint? TryRead(IEventLog log, ReadOnlyMemory<byte> body)
    {
        try
        {
            return log.ReadCallback(body);
        }
        catch (CallbackRefusedException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "Billing was reconciled: {Checked} customers, {Failed} not to be fetched, {Drifted} had drifted, {Missed} callbacks had been missed.")]
    private partial void Done(int @checked, int failed, int drifted, int missed);

    [LoggerMessage(LogLevel.Error, "Billing of organization {Organization} could not be reconciled; the next run does.")]
    private partial void NotFollowed(Exception exception, Guid organization);

    [LoggerMessage(LogLevel.Warning, "The events of {Provider} could not be read; the next run reads them.")]
    private partial void NotRead(Exception exception, string provider);
}
