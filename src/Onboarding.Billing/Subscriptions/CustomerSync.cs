using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Billing.Subscriptions;

/// <summary>How a fetch ended.</summary>
/// <param name="Again">When to look again; null when nothing changes by itself.</param>
/// <param name="Succeeded">Whether the provider answered.</param>
/// <param name="Drifted">Whether it said something else than what stood here, and nobody had told.</param>
public sealed record SyncOutcome(TimeSpan? Again, bool Succeeded, bool Drifted);

/// <summary>Makes what stands here what the provider says: the only way in which a subscription ever changes.</summary>
/// <remarks>
/// It fetches first and writes then, with no transaction open in between. What is written together commits together:
/// subscription, plan, trial, and the events about them. Of two at once, the one that began later wins (BILL-9).
/// </remarks>
public sealed partial class CustomerSync(
    NpgsqlDataSource dataSource, BillingProviders providers, PlanCatalogue catalogue, ApplySnapshot apply, CachedOrganizationStore organizations,
    ClusterSignals signals, TenantScope tenants, WorkSignal signal, BillingMetrics metrics, TimeProvider clock, ILogger<CustomerSync> logger)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>For one fetch with all its calls, and what the library repeats of them.</summary>
    private static readonly TimeSpan LongestFetch = TimeSpan.FromSeconds(60);

    /// <summary>Follows one customer of <paramref name="organization"/>.</summary>
    public async Task<SyncOutcome> RunAsync(Organization organization, Guid customerId, CancellationToken cancellationToken)
    {
        if (await BeginAsync(customerId, cancellationToken) is not { } fetch)
        {
            return new(null, Succeeded: true, Drifted: false);
        }

        try
        {
            var provider = providers.Find(fetch.Provider) ?? throw new ProviderUnavailableException($"There is no provider {fetch.Provider}.");
            var snapshot = await FetchInTimeAsync(organization, provider, fetch, cancellationToken);
            return await ApplyAsync(organization, fetch, snapshot, cancellationToken);
        }
        catch (Exception exception) when (exception is ProviderUnavailableException or ProviderRefusedException)
        {
            Failed(exception, organization.Id, fetch.Provider);
            return new(await NoteFailureAsync(customerId, exception.Message, cancellationToken), Succeeded: false, Drifted: false);
        }
    }

    private async Task<Fetch?> BeginAsync(Guid customerId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            "UPDATE billing.customers SET fetches_begun = fetches_begun + 1 WHERE id = $1 AND deleted_at IS NULL RETURNING fetches_begun, provider, external_id, organization_id");
        command.Parameters.Add(Sql.Value(customerId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(customerId, reader.GetInt64(0), reader.GetString(1), reader.GetString(2), clock.GetUtcNow())
            : null;
    }

    private async Task<CustomerSnapshot> FetchInTimeAsync(Organization organization, IBillingProvider provider, Fetch fetch, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(LongestFetch);
        try
        {
            return await FetchAsync(organization, provider, fetch, deadline.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderUnavailableException("The provider took too long.", exception);
        }
    }

    /// <summary>What the provider has, once as many seats are paid for as are taken.</summary>
    private async Task<CustomerSnapshot> FetchAsync(Organization organization, IBillingProvider provider, Fetch fetch, CancellationToken cancellationToken)
    {
        var snapshot = await provider.FetchAsync(fetch.ExternalId, cancellationToken);
        if (provider is not ISeats seats || LiveBySeat(organization, snapshot) is not { } paid)
        {
            return snapshot;
        }

        var taken = Math.Max(1, await tenants.RunAsync(organization, services => CountSeatsAsync(services, cancellationToken)));
        if (paid.Quantity == taken)
        {
            return snapshot;
        }

        try
        {
            await seats.SetSeatsAsync(paid.ExternalId, paid.ItemId, taken, cancellationToken);
            return await provider.FetchAsync(fetch.ExternalId, cancellationToken);
        }
        catch (Exception exception) when (exception is ProviderUnavailableException or ProviderRefusedException)
        {
            // What was paid for counts all the same; the next fetch tries again.
            Failed(exception, organization.Id, fetch.Provider);
            return snapshot;
        }
    }

    private static Task<int> CountSeatsAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        ((TenantDbContext)services.GetService(typeof(TenantDbContext))!).Members.CountAsync(Seats.IsTaken, cancellationToken);

    private SubscriptionSnapshot? LiveBySeat(Organization organization, CustomerSnapshot snapshot) => snapshot.Subscriptions.FirstOrDefault(subscription =>
        SnapshotMerge.IsOf(organization, subscription) && subscription.Status is SubscriptionStatus.Trialing or SubscriptionStatus.Active && catalogue.SoldAt(subscription.LookupKey)?.PerSeat == true);

    private async Task<SyncOutcome> ApplyAsync(Organization organization, Fetch fetch, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        var applied = await apply.RunAsync(organization, fetch, snapshot, cancellationToken);
        if (applied.Told)
        {
            signal.Wake();
        }

        if (applied.PlanChanged)
        {
            await organizations.ForgetAsync();
            await signals.OrganizationChangedAsync(organization.Key, cancellationToken);
        }

        if (applied.Drifted)
        {
            metrics.Drifted();
        }

        return new(applied.Until is { } until ? until - clock.GetUtcNow() + TimeSpan.FromSeconds(1) : null, Succeeded: true, applied.Drifted);
    }

    private async Task<TimeSpan> NoteFailureAsync(Guid customerId, string error, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("UPDATE billing.customers SET failures = failures + 1, last_error = left($2, 500) WHERE id = $1 RETURNING failures");
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(customerId), Sql.Value(error)]);
        var failures = await command.ExecuteScalarAsync(cancellationToken) is int count ? count : 1;
        var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(failures, 20)), LongestPause.TotalSeconds));

        // +-20 %, so that what failed together does not come back together.
        return pause * (0.8 + (Random.Shared.NextDouble() * 0.4));
    }

    [LoggerMessage(LogLevel.Warning, "The state of organization {Organization} could not be fetched from {Provider}; it will be tried again.")]
    private partial void Failed(Exception exception, string organization, string provider);
}
