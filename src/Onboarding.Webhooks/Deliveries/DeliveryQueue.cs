using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>Claims endpoints for which something is due, reads it, and begins their turns.</summary>
/// <remarks>However many organizations and deliveries there are, looking for what is due reads one small table.</remarks>
public sealed partial class DeliveryQueue(
    NpgsqlDataSource dataSource, WorkQueue queue, CachedOrganizationStore organizations, TenantSchema schema, DeliveryTurns turns, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<DeliveryQueue> logger)
{
    private const int MaxClaims = 64;
    private static readonly TimeSpan WhileSuspended = TimeSpan.FromMinutes(1);

    // Whoever may only add pointers asks for an endpoint's turn this way; several are one.
    private const string Wake = """
        WITH due AS MATERIALIZED (SELECT id FROM platform.work WHERE kind = 'wake' AND due_at <= $1 ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED),
        woken AS (DELETE FROM platform.work w USING due WHERE w.id = due.id RETURNING organization_id, ref_id)
        INSERT INTO platform.work AS w (id, organization_id, kind, ref_id, due_at, attempt)
        SELECT gen_random_uuid(), organization_id, 'endpoint', ref_id, $1, 0 FROM (SELECT DISTINCT organization_id, ref_id FROM woken ORDER BY ref_id, organization_id) AS endpoint
        ON CONFLICT (ref_id, organization_id) WHERE kind = 'endpoint' DO UPDATE SET due_at = LEAST(w.due_at, EXCLUDED.due_at) WHERE w.claim_id IS NULL
        """;

    private const string Load = $"""
        SELECT {EndpointSnapshot.Columns}, d.id, d.message_id, d.type, d.body, d.attempts, d.tries
        FROM webhook_endpoints e
        LEFT JOIN LATERAL (
          (SELECT d.id, d.message_id, m.type, m.body, d.attempts, d.tries FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id
           WHERE NOT e.ordered AND d.endpoint_id = e.id AND d.status = 'pending' AND d.next_attempt_at <= $2 ORDER BY d.next_attempt_at LIMIT $3)
          UNION ALL
          (SELECT f.id, f.message_id, m.type, m.body, f.attempts, f.tries
           FROM (SELECT d.*, bool_and(d.next_attempt_at <= $2) OVER (ORDER BY d.message_id) AS is_due FROM
             (SELECT * FROM webhook_deliveries d WHERE e.ordered AND d.endpoint_id = e.id AND d.status = 'pending' ORDER BY d.message_id LIMIT $3) AS d) AS f
           JOIN webhook_messages m ON m.id = f.message_id WHERE f.is_due ORDER BY f.message_id)
        ) AS d ON e.paused_until IS NULL OR e.paused_until <= $2
        WHERE e.id = ANY($1) AND e.status = 'active'
        """;

    /// <summary>Works off what is due, waiting for room when all turns are taken; returns when nothing is due.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await WakeAsync(cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            using var room = await turns.ReserveAsync(MaxClaims, cancellationToken);
            var limit = room.Count;
            var claimed = await queue.ClaimAsync(WorkKinds.Endpoint, limit, options.Value.Lease, cancellationToken);

            // Whatever is claimed gets its turn, though a stop may let it send nothing: that gives it back, and nobody waits for its lease.
            await BeginAsync(claimed, room);
            if (claimed.Count < limit)
            {
                return;
            }
        }
    }

    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Wake);
        command.Parameters.Add(Sql.Value(clock.GetUtcNow()));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task BeginAsync(IReadOnlyList<ClaimedWork> claimed, TurnRoom room)
    {
        var owned = new List<(ClaimedWork Work, Organization Organization)>();
        foreach (var work in claimed)
        {
            var organization = await organizations.GetAsync(work.OrganizationId.ToString());
            if (organization?.Status == OrganizationStatus.Active && organization.SchemaVersion >= schema.OldestServed)
            {
                owned.Add((work, organization));
                continue;
            }

            // Pauses with the organization, or while it is upgraded, and goes on or ends with it.
            await (organization is null
                ? queue.CompleteAsync(work, CancellationToken.None)
                : queue.PutOffAsync(work, organization.Status == OrganizationStatus.Deleting ? WorkQueue.WhileLeaving : WhileSuspended, CancellationToken.None));
        }

        await LoadAsync(owned, room);
    }

    private async Task LoadAsync(List<(ClaimedWork Work, Organization Organization)> owned, TurnRoom room)
    {
        List<EndpointTurn> loaded;
        try
        {
            loaded = await TryLoadAsync(owned);
        }
        catch (Exception exception) when (exception is PostgresException or UnreadableRowException && owned.Any(o => o.Organization != owned[0].Organization))
        {
            // One organization's trouble is not to be everybody's.
            Separately(exception);
            foreach (var own in owned.GroupBy(o => o.Organization))
            {
                await LoadAsync([.. own], room);
            }

            return;
        }
        catch (Exception exception)
        {
            // The lease brings them back.
            Failed(exception, owned.Count);
            return;
        }

        foreach (var turn in loaded)
        {
            room.Begin(turn);
        }

        foreach (var (work, organization) in owned.Where(o => loaded.TrueForAll(turn => turn.WorkId != o.Work.Id)))
        {
            // Deleted or disabled: a turn in which nothing is sent finds out whether that is still so, and lets go.
            room.Begin(new(work.Id, work.ClaimId, organization, EndpointSnapshot.Nothing(work.RefId)));
        }
    }

    private async Task<List<EndpointTurn>> TryLoadAsync(List<(ClaimedWork Work, Organization Organization)> owned)
    {
        // A copy of an organization has its endpoints' ids, too: only the work says which is which.
        var loaded = new Dictionary<Guid, EndpointTurn>();
        await using var batch = TenantBatch.Of(dataSource);
        foreach (var own in owned.GroupBy(o => o.Organization))
        {
            var claims = own.ToDictionary(o => o.Work.RefId);
            batch.AddQuery(own.Key, row => Read(row, claims), Load, Sql.Column(own, o => o.Work.RefId), Sql.Value(clock.GetUtcNow()), Sql.Value(options.Value.TurnSize));
        }

        await batch.ExecuteAsync(CancellationToken.None);
        return [.. loaded.Values];

        void Read(NpgsqlDataReader row, IReadOnlyDictionary<Guid, (ClaimedWork Work, Organization Organization)> own)
        {
            var (work, organization) = own[row.GetGuid(0)];
            if (!loaded.TryGetValue(work.Id, out var turn))
            {
                loaded.Add(work.Id, turn = new(work.Id, work.ClaimId, organization, EndpointSnapshot.Read(row, 0)));
            }

            const int At = EndpointSnapshot.Count;
            if (!row.IsDBNull(At))
            {
                turn.Due.Add(new(row.GetGuid(At), row.GetGuid(At + 1), row.GetString(At + 2), row.GetFieldValue<byte[]>(At + 3), row.GetInt32(At + 4), row.GetInt32(At + 5)));
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Deliveries of several organizations could not be read together; each is tried by itself.")]
    private partial void Separately(Exception exception);

    [LoggerMessage(LogLevel.Error, "What is due to {Endpoints} webhook endpoints could not be read; it is tried again.")]
    private partial void Failed(Exception exception, int endpoints);
}
