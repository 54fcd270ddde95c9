using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Work;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>What <see cref="FanOut"/> is going to write for some events, and what of it was written.</summary>
/// <param name="now">When.</param>
/// <param name="lease">For how long endpoints are claimed that get their turn at once.</param>
internal sealed class FanOutPlan(DateTimeOffset now, TimeSpan lease)
{
    // PostgreSQL plans anew whenever the search path changes, which is at each organization: so these statements are many
    // and simple rather than few and clever, and the common case of one event and one endpoint has the simplest.
    private const string MakeMessage = "INSERT INTO webhook_messages (id, type, occurred_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

    private const string MakeMessages = """
        INSERT INTO webhook_messages (id, type, occurred_at, body)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[]) ON CONFLICT DO NOTHING
        """;

    // An endpoint that was deleted meanwhile has no deliveries.
    private const string MakeDelivery = """
        INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at)
        SELECT $1, $2, e.id, 'pending', 0, 0, $4, $4 FROM webhook_endpoints e WHERE e.id = $3 ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string MakeDeliveries = """
        INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at)
        SELECT made.id, made.message_id, made.endpoint_id, 'pending', 0, 0, $4, $4
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS made (id, message_id, endpoint_id) JOIN webhook_endpoints e ON e.id = made.endpoint_id ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string MarkHandled = "UPDATE outbox SET handled_at = $1 WHERE id = ANY($2)";

    // A pointer that nobody holds is brought forward. One that somebody holds is left to them: they look for what waits
    // before they let go of it, and wait for this transaction when they are about to.
    private const string Point = """
        INSERT INTO platform.work AS w (id, organization_id, kind, ref_id, due_at, attempt, claim_id)
        SELECT p.id, p.organization_id, 'endpoint', p.ref_id, p.due_at, 0, p.claim_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::uuid[]) AS p (id, organization_id, ref_id, due_at, claim_id) ORDER BY p.ref_id, p.organization_id
        ON CONFLICT (ref_id, organization_id) WHERE kind = 'endpoint' DO UPDATE SET due_at = LEAST(w.due_at, CASE WHEN EXCLUDED.claim_id IS NULL THEN EXCLUDED.due_at ELSE $6 END) WHERE w.claim_id IS NULL
        RETURNING w.id
        """;

    public DateTimeOffset Now => now;

    public List<(Organization Organization, Guid Id, DomainEvent Happened, byte[] Body)> Messages { get; } = [];

    /// <summary>By organization and endpoint; those that are not claimed here have an empty claim.</summary>
    public Dictionary<(Guid Organization, Guid Endpoint), EndpointTurn> Turns { get; } = [];

    /// <summary>Events that others have to handle still.</summary>
    public List<ClaimedEvent> Awaited { get; } = [];

    /// <summary>Events that are finished with this.</summary>
    public List<ClaimedEvent> Done { get; } = [];

    /// <summary>Deliveries that were made, and not found to have been made before.</summary>
    public HashSet<Guid> Made { get; } = [];

    /// <summary>Pointers that were made or brought forward; one that was made has the id that its turn brought along.</summary>
    public HashSet<Guid> Pointed { get; } = [];

    /// <summary>Adds all of it to a batch.</summary>
    public void Write(TenantBatch batch)
    {
        foreach (var organization in Messages.Select(m => m.Organization).Concat(Done.Select(e => e.Organization)).Distinct())
        {
            Write(batch, organization);
        }

        WriteShared(batch);
    }

    private void Write(TenantBatch batch, Organization organization)
    {
        var messages = Messages.Where(m => m.Organization == organization).ToList();
        if (messages.Count > 0)
        {
            var deliveries = Turns.Values.Where(turn => turn.Organization == organization).SelectMany(turn => turn.Due.Select(due => (Turn: turn, Due: due))).ToList();
            if (messages is [var (_, id, happened, body)])
            {
                batch.Add(organization, MakeMessage, Sql.Value(id), Sql.Value(happened.Type), Sql.Value(happened.OccurredAt), Sql.Value(body));
            }
            else
            {
                batch.Add(
                    organization,
                    MakeMessages,
                    Sql.Column(messages, m => m.Id),
                    Sql.Column(messages, m => m.Happened.Type),
                    Sql.Column(messages, m => m.Happened.OccurredAt),
                    Sql.Column(messages, m => m.Body));
            }

            if (deliveries is [var (turn, due)])
            {
                batch.AddQuery(organization, row => Made.Add(row.GetGuid(0)), MakeDelivery, Sql.Value(due.Id), Sql.Value(due.MessageId), Sql.Value(turn.Endpoint.Id), Sql.Value(now));
            }
            else
            {
                batch.AddQuery(
                    organization,
                    row => Made.Add(row.GetGuid(0)),
                    MakeDeliveries,
                    Sql.Column(deliveries, d => d.Due.Id),
                    Sql.Column(deliveries, d => d.Due.MessageId),
                    Sql.Column(deliveries, d => d.Turn.Endpoint.Id),
                    Sql.Value(now));
            }
        }

        if (Done.Where(e => e.Organization == organization).Select(e => e.Work.RefId).ToArray() is { Length: > 0 } done)
        {
            batch.Add(organization, MarkHandled, Sql.Value(now), Sql.Value(done));
        }
    }

    private void WriteShared(TenantBatch batch)
    {
        if (Turns.Count > 0)
        {
            var turnsMade = Turns.Values;
            batch.AddSharedQuery(
                row => Pointed.Add(row.GetGuid(0)),
                Point,
                Sql.Column(turnsMade, turn => turn.WorkId),
                Sql.Column(turnsMade, turn => turn.Organization.Key),
                Sql.Column(turnsMade, turn => turn.Endpoint.Id),
                Sql.Column(turnsMade, turn => turn.ClaimId != Guid.Empty ? now + lease : turn.Endpoint.PausedUntil > now ? turn.Endpoint.PausedUntil.Value : now),
                Sql.Column(turnsMade, turn => turn.ClaimId != Guid.Empty ? turn.ClaimId : (Guid?)null),
                Sql.Value(now));
        }

        if (Done.Count > 0)
        {
            batch.AddShared(WorkQueue.Complete, Sql.Column(Done, e => e.Work.Id), Sql.Column(Done, e => e.Work.ClaimId));
        }
    }
}
