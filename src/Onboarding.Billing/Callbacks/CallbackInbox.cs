using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Work;

namespace Onboarding.Billing.Callbacks;

/// <summary>Stores callbacks, each once, and has the state of their customers fetched. One round trip and one transaction.</summary>
public sealed class CallbackInbox(NpgsqlDataSource dataSource, WorkSignal signal, BillingMetrics metrics, IOptions<BillingOptions> options, TimeProvider clock)
{
    // Whose a callback is, the stored customer alone says; what the body says of it can only hold it back (BILL-11).
    // The customer is locked before its work, as whoever else asks for a fetch locks them: else each could wait for the other.
    private const string Store = $"""
        WITH customer AS (SELECT id, organization_id, deleted_at FROM billing.customers WHERE provider = $1 AND external_id = $4 FOR NO KEY UPDATE),
        stored AS (
          INSERT INTO billing.callbacks AS c (
            provider, event_id, type, customer_external_id, customer_id, body, sha256, api_version, livemode, occurred_at, received_at, deliveries, anomalies, state)
          SELECT $1, $2, $3, $4, customer.id, $6, $7, $8, $9, $10, $11, 1, 0,
            CASE
              WHEN NOT $12 OR $4 IS NULL THEN 'ignored'
              WHEN customer.id IS NULL THEN 'unmatched'
              WHEN $5 <> customer.organization_id THEN 'quarantined'
              WHEN customer.deleted_at IS NOT NULL THEN 'applied'
              ELSE 'received'
            END
          FROM (SELECT 1) one LEFT JOIN customer ON true
          ON CONFLICT (provider, event_id) DO UPDATE SET deliveries = c.deliveries + 1, anomalies = c.anomalies + (c.sha256 <> excluded.sha256)::int
          RETURNING state, deliveries = 1 AS first, sha256 <> $7 AS odd),
        asked AS (
          INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
          SELECT $13, customer.organization_id, '{WorkKinds.Billing}', customer.id, $11, 0 FROM customer, stored WHERE stored.state = 'received' AND stored.first
          {SyncRequests.OnConflict}
          RETURNING 1)
        SELECT state, first, odd, EXISTS (SELECT FROM asked) FROM stored
        """;

    /// <summary>Stores a callback that is certainly the provider's.</summary>
    /// <returns>What became of it, and whether it is new.</returns>
    public async Task<(string State, bool IsNew)> StoreAsync(string provider, CallbackHint hint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var command = dataSource.CreateCommand(Store);
        command.Parameters.AddRange((NpgsqlParameter[])
        [
            Sql.Value(provider), Sql.Value(hint.EventId), Sql.Value(hint.Type), Sql.Value(hint.CustomerExternalId), Sql.Value(hint.OrganizationId),
            Sql.Value(Encoding.UTF8.GetString(body.Span)), Sql.Value(SHA256.HashData(body.Span)), Sql.Value(hint.ApiVersion), Sql.Value(hint.Livemode),
            Sql.Value(hint.OccurredAt), Sql.Value(now), Sql.Value(hint.IsAboutUs), Sql.Value(Ids.New(now)),
        ]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (state, isNew, isOdd, asked) = (reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3));
        if (asked)
        {
            signal.Wake();
        }

        metrics.Taken(isNew ? state : "repeated");
        if (isNew && hint.IsOtherVersion)
        {
            metrics.Odd("version");
        }

        if (isOdd)
        {
            metrics.Odd("body");
        }

        return (state, isNew);
    }

    /// <summary>Which of these have arrived.</summary>
    public async Task<IReadOnlySet<string>> KnownAsync(string provider, string[] eventIds, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT event_id FROM billing.callbacks WHERE provider = $1 AND event_id = ANY ($2)");
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(provider), Sql.Value(eventIds)]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            known.Add(reader.GetString(0));
        }

        return known;
    }

    /// <summary>What came before its customer was known here is theirs now (BILL-10). Their state is to be fetched by whoever calls this.</summary>
    public async Task MatchAsync(Customer customer, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            "UPDATE billing.callbacks SET state = 'received', customer_id = $3 WHERE provider = $1 AND customer_external_id = $2 AND state = 'unmatched'");
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(customer.Provider), Sql.Value(customer.ExternalId), Sql.Value(customer.Id)]);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops what has been kept for long enough; a batch at a time, whatever became of it.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        const int Batch = 5_000;
        int dropped;
        do
        {
            await using var command = dataSource.CreateCommand(
                "DELETE FROM billing.callbacks WHERE ctid IN (SELECT ctid FROM billing.callbacks WHERE received_at < $1 ORDER BY received_at LIMIT $2)");
            command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(clock.GetUtcNow() - options.Value.CallbacksKept), Sql.Value(Batch)]);
            dropped = await command.ExecuteNonQueryAsync(cancellationToken);
        }
        while (dropped == Batch);
    }

    /// <summary>Has the state of a stored callback's customer fetched again, whatever became of it before. False when it is nobody's, or quarantined.</summary>
    public async Task<bool> ReplayAsync(string provider, string eventId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var command = dataSource.CreateCommand($"""
            WITH customer AS (
              SELECT c.id, c.organization_id, e.event_id FROM billing.callbacks e
              JOIN billing.customers c ON c.provider = e.provider AND c.external_id = e.customer_external_id AND c.deleted_at IS NULL
              WHERE e.provider = $1 AND e.event_id = $2 AND e.state IN ('received', 'applied', 'unmatched')),
            again AS (UPDATE billing.callbacks SET state = 'received', customer_id = customer.id FROM customer WHERE provider = $1 AND callbacks.event_id = customer.event_id)
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
            SELECT $3, organization_id, '{WorkKinds.Billing}', id, $4, 0 FROM customer
            {SyncRequests.OnConflict}
            """);
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(provider), Sql.Value(eventId), Sql.Value(Ids.New(now)), Sql.Value(now)]);
        var asked = await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        signal.Wake();
        return asked;
    }
}
