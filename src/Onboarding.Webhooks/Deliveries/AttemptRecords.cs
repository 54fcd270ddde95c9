using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>What a batch brings of one turn.</summary>
internal sealed record TurnResults(EndpointTurn Turn, IReadOnlyList<Verdict> Verdicts, bool HasEnded)
{
    /// <summary>It has ended, and all that was due was delivered.</summary>
    public bool IsDone { get; } = HasEnded && Verdicts.Count > 0 && Verdicts.Count == Turn.Due.Count && Verdicts.All(v => v.Exchange.Succeeded);

    public DateTimeOffset? PausedUntil { get; } = Verdicts.Max(v => v.PausedUntil);

    /// <summary>How the endpoint is doing after all that; more may happen while it is recorded.</summary>
    public EndpointHealth Health { get; } = Turn.Health;

    public WebhookDisabledReason? Disable { get; } = Verdicts.Select(v => v.Disable).FirstOrDefault(reason => reason is not null);

    public DomainEvent Disabled(DateTimeOffset now) =>
        new EndpointDisabled(Turn.Endpoint.Id, Turn.Endpoint.Url.OriginalString, Disable ?? throw new InvalidOperationException("Nothing has disabled it."), now);
}

/// <summary>Writes what became of attempts, and lets go of endpoints whose turn is over.</summary>
/// <remarks>
/// One transaction: it locks the pointers that are still this node's, writes what happened to their deliveries, and says
/// when each endpoint is due again. Who has lost its claim to another node changes nothing (HOOK-9). Whoever makes an
/// endpoint due meanwhile waits for the pointer's lock, so nothing that is due is overlooked.
/// </remarks>
internal sealed class AttemptRecords(NpgsqlDataSource dataSource, IOptions<DeliveryOptions> options, TimeProvider clock)
{
    // In the order in which all who lock several pointers of endpoints do so.
    private const string Own = """
        SELECT w.id FROM platform.work w JOIN unnest($1::uuid[], $2::uuid[]) AS mine (id, claim_id) ON w.id = mine.id AND w.claim_id = mine.claim_id
        ORDER BY w.ref_id, w.organization_id FOR UPDATE OF w
        """;

    // An attempt counts once: what another node has recorded for the same number stays as it is. Nor does it count when the
    // delivery was sent on its way again meanwhile.
    private const string Record = """
        WITH result AS (
          SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::timestamptz[], $6::int[], $7::text[], $8::timestamptz[], $9::uuid[], $10::int[], $11::bytea[], $12::timestamptz[])
          AS r (delivery_id, attempts, status, tries, next_attempt_at, status_code, error, finished_at, attempt_id, duration_ms, response, started_at)),
        changed AS (
          UPDATE webhook_deliveries d SET status = r.status, attempts = r.attempts, tries = r.tries, next_attempt_at = r.next_attempt_at, last_status_code = r.status_code, last_error = r.error, finished_at = r.finished_at
          FROM result r WHERE d.id = r.delivery_id AND d.status = 'pending' AND d.attempts = r.attempts - 1 AND d.tries = r.tries - 1
          RETURNING d.id, d.endpoint_id)
        INSERT INTO webhook_attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, status_code, error, response)
        SELECT r.attempt_id, r.delivery_id, c.endpoint_id, r.attempts, r.started_at, r.duration_ms, r.status_code, r.error, r.response
        FROM result r JOIN changed c ON c.id = r.delivery_id
        RETURNING delivery_id
        """;

    private const string RecordOne = """
        WITH changed AS (
          UPDATE webhook_deliveries d SET status = $3, attempts = $2, tries = $4, next_attempt_at = $5, last_status_code = $6, last_error = $7, finished_at = $8
          WHERE d.id = $1 AND d.status = 'pending' AND d.attempts = $2 - 1 AND d.tries = $4 - 1
          RETURNING d.id, d.endpoint_id)
        INSERT INTO webhook_attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, status_code, error, response)
        SELECT $9, c.id, c.endpoint_id, $2, $12, $10, $6, $7, $11 FROM changed c
        RETURNING delivery_id
        """;

    // An endpoint that was given another address meanwhile is another receiver.
    private const string Judge = """
        UPDATE webhook_endpoints e SET failures = j.failures, failing_since = j.failing_since, paused_until = greatest(e.paused_until, j.paused_until),
            status = CASE WHEN j.reason IS NULL THEN e.status ELSE 'disabled' END, disabled_reason = coalesce(j.reason, e.disabled_reason), disabled_at = CASE WHEN j.reason IS NULL THEN e.disabled_at ELSE $6 END
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $7::text[]) AS j (id, failures, failing_since, paused_until, reason, url)
        WHERE e.id = j.id AND e.url = j.url AND e.status = 'active'
        RETURNING e.id, e.status
        """;

    // When each endpoint is due again: by time, or for an ordered one by the first in line. PostgreSQL knows years that nobody
    // here can read; for those it must not fail, or what was sent with it would be sent for ever.
    private const string Next = """
        SELECT e.id, least(greatest(due.at, e.paused_until, '0001-01-02 00:00:00Z'), '9999-12-31 00:00:00Z')
        FROM webhook_endpoints e CROSS JOIN LATERAL (SELECT CASE WHEN e.ordered
            THEN (SELECT d.next_attempt_at FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending' ORDER BY d.message_id LIMIT 1)
            ELSE (SELECT min(d.next_attempt_at) FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending') END AS at) AS due
        WHERE e.id = ANY($1) AND e.status = 'active' AND due.at IS NOT NULL
        """;

    // Enough where everything was delivered: whether there is more. What it is the next turn finds out.
    private const string More = "SELECT $1, $2 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' LIMIT 1";

    private const string Release = """
        UPDATE platform.work w SET due_at = next.due_at, claim_id = NULL, attempt = 0 FROM unnest($1::uuid[], $2::timestamptz[]) AS next (id, due_at) WHERE w.id = next.id
        """;

    private const string Remove = "DELETE FROM platform.work WHERE id = ANY($1)";

    private const string Renew = "UPDATE platform.work SET due_at = $2 WHERE id = ANY($1)";

    /// <summary>Records all of it, or nothing.</summary>
    /// <returns>Whether something is due at once.</returns>
    public async Task<bool> WriteAsync(IReadOnlyList<TurnResults> all)
    {
        var now = clock.GetUtcNow();
        await using var connection = await dataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var turns = await StillOwnAsync(connection, transaction, all);
        // By organization too: a copy of an organization has its ids.
        var recorded = new HashSet<(Guid Organization, Guid Delivery)>();
        var disabled = new HashSet<(Guid Organization, Guid Endpoint)>();
        var next = new Dictionary<(Guid Organization, Guid Endpoint), DateTimeOffset>();
        await using (var batch = TenantBatch.In(dataSource, transaction))
        {
            foreach (var own in turns.GroupBy(t => t.Turn.Organization))
            {
                Write(batch, own.Key, [.. own], recorded, disabled, next, now);
            }

            await batch.ExecuteAsync(CancellationToken.None);
        }

        var events = turns.SelectMany(t => t.Verdicts).Where(v => recorded.Contains((v.Turn.Organization.Key, v.Due.Id))).SelectMany(v => v.Events, (v, happened) => (v.Turn.Organization, Happened: happened))
            .Concat(turns.Where(t => disabled.Contains(Key(t.Turn))).Select(t => (t.Turn.Organization, Happened: t.Disabled(now))))
            .ToList();
        await using (var batch = TenantBatch.In(dataSource, transaction))
        {
            // In one order on every node: the audit logs' chains are locked one after the other at the COMMIT.
            foreach (var own in events.GroupBy(e => e.Organization).OrderBy(own => own.Key.Key))
            {
                OutboxRows.Add(batch, own.Key, [.. own.Select(e => e.Happened)]);
            }

            LetGo(batch, turns, next, now);
            await batch.ExecuteAsync(CancellationToken.None);
        }

        await transaction.CommitAsync();
        foreach (var turn in turns)
        {
            turn.Turn.Stored = turn.Health;
        }

        return events.Count > 0 || next.Values.Any(due => due <= now);
    }

    private static async Task<List<TurnResults>> StillOwnAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TurnResults> all)
    {
        var own = new HashSet<Guid>();
        await using var command = new NpgsqlCommand(Own, connection, transaction);
        command.Parameters.Add(Sql.Column(all, t => t.Turn.WorkId));
        command.Parameters.Add(Sql.Column(all, t => t.Turn.ClaimId));
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            own.Add(reader.GetGuid(0));
        }

        return [.. all.Where(t => own.Contains(t.Turn.WorkId))];
    }

    private static void Write(TenantBatch batch, Organization organization, List<TurnResults> turns, HashSet<(Guid, Guid)> recorded, HashSet<(Guid, Guid)> disabled, Dictionary<(Guid, Guid), DateTimeOffset> next, DateTimeOffset now)
    {
        var verdicts = turns.SelectMany(t => t.Verdicts).ToList();
        if (verdicts is [var one])
        {
            batch.AddQuery(
                organization,
                row => recorded.Add((organization.Key, row.GetGuid(0))),
                RecordOne,
                Sql.Value(one.Due.Id),
                Sql.Value(one.Due.Attempts + 1),
                Sql.Value(Text(one.Status)),
                Sql.Value(one.Due.Tries + 1),
                Sql.Value(one.NextAttemptAt),
                Sql.Value(one.Exchange.Status),
                Sql.Value(one.Error),
                Sql.Value(one.Status == WebhookDeliveryStatus.Pending ? (DateTimeOffset?)null : now),
                Sql.Value(one.AttemptId),
                Sql.Value((int)one.Exchange.Duration.TotalMilliseconds),
                Sql.Value(one.Exchange.Answer.ToArray()),
                Sql.Value(one.StartedAt));
        }
        else if (verdicts.Count > 0)
        {
            batch.AddQuery(
                organization,
                row => recorded.Add((organization.Key, row.GetGuid(0))),
                Record,
                Sql.Column(verdicts, v => v.Due.Id),
                Sql.Column(verdicts, v => v.Due.Attempts + 1),
                Sql.Column(verdicts, v => Text(v.Status)),
                Sql.Column(verdicts, v => v.Due.Tries + 1),
                Sql.Column(verdicts, v => v.NextAttemptAt),
                Sql.Column(verdicts, v => v.Exchange.Status),
                Sql.Column(verdicts, v => v.Error),
                Sql.Column(verdicts, v => v.Status == WebhookDeliveryStatus.Pending ? (DateTimeOffset?)null : now),
                Sql.Column(verdicts, v => v.AttemptId),
                Sql.Column(verdicts, v => (int)v.Exchange.Duration.TotalMilliseconds),
                Sql.Column(verdicts, v => v.Exchange.Answer.ToArray()),
                Sql.Column(verdicts, v => v.StartedAt));
        }

        if (turns.Where(t => t.Health != t.Turn.Stored || t.PausedUntil is not null).ToList() is { Count: > 0 } judged)
        {
            batch.AddQuery(
                organization,
                row =>
                {
                    if (row.GetString(1) == Text(WebhookEndpointStatus.Disabled))
                    {
                        disabled.Add((organization.Key, row.GetGuid(0)));
                    }
                },
                Judge,
                Sql.Column(judged, t => t.Turn.Endpoint.Id),
                Sql.Column(judged, t => t.Health.Failures),
                Sql.Column(judged, t => t.Health.FailingSince),
                Sql.Column(judged, t => t.PausedUntil),
                Sql.Column(judged, t => t.Disable is { } reason ? Text(reason) : null),
                Sql.Value(now),
                Sql.Column(judged, t => t.Turn.Endpoint.Url.OriginalString));
        }

        foreach (var turn in turns.Where(t => t.IsDone))
        {
            batch.AddQuery(organization, row => next[(organization.Key, row.GetGuid(0))] = row.GetFieldValue<DateTimeOffset>(1), More, Sql.Value(turn.Turn.Endpoint.Id), Sql.Value(now));
        }

        if (turns.Where(t => t.HasEnded && !t.IsDone).Select(t => t.Turn.Endpoint.Id).ToArray() is { Length: > 0 } ended)
        {
            batch.AddQuery(organization, row => next[(organization.Key, row.GetGuid(0))] = row.GetFieldValue<DateTimeOffset>(1), Next, Sql.Value(ended));
        }
    }

    private void LetGo(TenantBatch batch, List<TurnResults> turns, Dictionary<(Guid, Guid), DateTimeOffset> next, DateTimeOffset now)
    {
        var again = turns.Where(t => t.HasEnded && next.ContainsKey(Key(t.Turn))).Select(t => t.Turn).ToList();
        if (again.Count > 0)
        {
            batch.AddShared(
                Release,
                Sql.Column(again, turn => turn.WorkId),
                Sql.Column(again, turn => turn.NotBefore > next[Key(turn)] ? turn.NotBefore.Value : next[Key(turn)]));
        }

        if (turns.Where(t => t.HasEnded && !next.ContainsKey(Key(t.Turn))).Select(t => t.Turn.WorkId).ToArray() is { Length: > 0 } idle)
        {
            batch.AddShared(Remove, Sql.Value(idle));
        }

        if (turns.Where(t => !t.HasEnded).Select(t => t.Turn.WorkId).ToArray() is { Length: > 0 } going)
        {
            batch.AddShared(Renew, Sql.Value(going), Sql.Value(now + options.Value.Lease));
        }
    }

    private static (Guid Organization, Guid Endpoint) Key(EndpointTurn turn) => (turn.Organization.Key, turn.Endpoint.Id);

    private static string Text<TEnum>(TEnum value)
        where TEnum : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
