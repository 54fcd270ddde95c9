using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;
using Onboarding.Webhooks.Events;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>An event that was claimed, and the organization in which it happened.</summary>
/// <param name="Work">Its pointer.</param>
/// <param name="Organization">Whose it is.</param>
public sealed record ClaimedEvent(ClaimedWork Work, Organization Organization);

/// <summary>Turns events into messages, and messages into deliveries: one for each endpoint that hears of the type.</summary>
/// <remarks>
/// Many events of many organizations take two round trips. What comes twice happens once: a message has the id of its
/// event, and an endpoint has one delivery of it. An endpoint for which nothing waited gets its turn at
/// once and from memory, without another look at the database.
/// </remarks>
public sealed partial class FanOut(
    NpgsqlDataSource dataSource, DeliveryTurns turns, WorkSignal signal, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<FanOut> logger)
{
    // PostgreSQL plans anew whenever the search path changes, which is at each organization: so these statements are many
    // and simple rather than few and clever, and the common case of one event and one endpoint has the simplest.
    private const string LoadEvents = "SELECT id, payload FROM outbox WHERE id = ANY($1)";

    private const string LoadEndpoints = $"SELECT {EndpointSnapshot.Columns} FROM webhook_endpoints e WHERE e.status = 'active'";

    private const string MakeMessage = "INSERT INTO webhook_messages (id, type, occurred_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

    private const string MakeMessages = """
        INSERT INTO webhook_messages (id, type, occurred_at, body)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[]) ON CONFLICT DO NOTHING
        """;

    private const string MakeDelivery = """
        INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at)
        VALUES ($1, $2, $3, 'pending', 0, 0, $4, $4) ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string MakeDeliveries = """
        INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at)
        SELECT made.id, made.message_id, made.endpoint_id, 'pending', 0, 0, $4, $4
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS made (id, message_id, endpoint_id) ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string MarkHandled = "UPDATE outbox SET handled_at = $1 WHERE id = ANY($2)";

    // A pointer that nobody holds is brought forward. One that somebody holds is left to them: they look for what waits
    // before they let go of it, and wait for this transaction when they are about to.
    private const string Point = """
        INSERT INTO platform.work AS w (id, organization_id, kind, ref_id, due_at, attempt, claim_id)
        SELECT p.id, p.organization_id, 'endpoint', p.ref_id, p.due_at, 0, p.claim_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::uuid[]) AS p (id, organization_id, ref_id, due_at, claim_id) ORDER BY p.ref_id
        ON CONFLICT (ref_id) WHERE kind = 'endpoint' DO UPDATE SET due_at = LEAST(w.due_at, CASE WHEN EXCLUDED.claim_id IS NULL THEN EXCLUDED.due_at ELSE $6 END) WHERE w.claim_id IS NULL
        RETURNING w.id
        """;

    private const string Complete = "DELETE FROM platform.work w USING unnest($1, $2) AS mine (id, claim_id) WHERE w.id = mine.id AND w.claim_id = mine.claim_id";

    /// <summary>Makes messages and deliveries of events.</summary>
    /// <param name="events">Claimed by this node.</param>
    /// <param name="isAwaited">Whether others than webhooks wait for an event; one that nobody waits for is finished here.</param>
    /// <param name="cancellationToken">Gives up; nothing is half done.</param>
    /// <returns>The events that others still have to handle.</returns>
    public async Task<IReadOnlyList<ClaimedEvent>> RunAsync(IReadOnlyList<ClaimedEvent> events, Func<DomainEvent, bool> isAwaited, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
        {
            return [];
        }

        try
        {
            return await TryAsync(events, isAwaited, cancellationToken);
        }
        catch (PostgresException exception) when (events.Any(e => e.Organization.Key != events[0].Organization.Key))
        {
            Separately(exception);
        }

        // One organization's trouble is not to be everybody's.
        var rest = new List<ClaimedEvent>();
        foreach (var own in events.GroupBy(e => e.Organization.Key))
        {
            try
            {
                rest.AddRange(await TryAsync([.. own], isAwaited, cancellationToken));
            }
            catch (PostgresException exception)
            {
                Failed(exception, own.Key);
            }
        }

        return rest;
    }

    private async Task<IReadOnlyList<ClaimedEvent>> TryAsync(IReadOnlyList<ClaimedEvent> events, Func<DomainEvent, bool> isAwaited, CancellationToken cancellationToken)
    {
        var plan = new Plan(clock.GetUtcNow());
        var (payloads, endpoints) = await LoadAsync(events, cancellationToken);
        foreach (var claimed in events)
        {
            if (!payloads.TryGetValue(claimed.Work.RefId, out var payload))
            {
                plan.Done.Add(claimed); // its retention is over
                continue;
            }

            if (TryRead(payload) is not { } happened)
            {
                // Of a newer version, most likely; whoever handles it says so, and it waits for a node that knows it.
                plan.Awaited.Add(claimed);
                continue;
            }

            Tell(claimed, happened, endpoints[claimed.Organization.Key], plan);
            (isAwaited(happened) ? plan.Awaited : plan.Done).Add(claimed);
        }

        await using var batch = TenantBatch.Of(dataSource);
        var made = new HashSet<Guid>();
        foreach (var own in events.GroupBy(e => e.Organization))
        {
            Write(batch, own.Key, plan, made);
        }

        var pointed = new HashSet<Guid>();
        WriteShared(batch, plan, pointed);
        try
        {
            await batch.ExecuteAsync(cancellationToken);
        }
        catch
        {
            turns.GiveBack(plan.Turns.Values.Count(turn => turn.ClaimId != Guid.Empty));
            throw;
        }

        Begin(plan, made, pointed);
        return plan.Awaited;
    }

    private async Task<(Dictionary<Guid, string> Payloads, Dictionary<Guid, List<EndpointSnapshot>> Endpoints)> LoadAsync(IReadOnlyList<ClaimedEvent> events, CancellationToken cancellationToken)
    {
        var (payloads, endpoints) = (new Dictionary<Guid, string>(), new Dictionary<Guid, List<EndpointSnapshot>>());
        await using var batch = TenantBatch.Of(dataSource);
        foreach (var own in events.GroupBy(e => e.Organization))
        {
            var active = endpoints[own.Key.Key] = [];
            batch.AddQuery(own.Key, row => payloads.Add(row.GetGuid(0), row.GetString(1)), LoadEvents, Sql.Column(own, e => e.Work.RefId));
            batch.AddQuery(own.Key, row => active.Add(EndpointSnapshot.Read(row, 0)), LoadEndpoints);
        }

        await batch.ExecuteAsync(cancellationToken);
        return (payloads, endpoints);
    }

    private void Tell(ClaimedEvent claimed, DomainEvent happened, List<EndpointSnapshot> endpoints, Plan plan)
    {
        var hearing = endpoints.Where(endpoint => Hears(endpoint, happened)).ToList();
        if (hearing.Count == 0 || Render(claimed, happened) is not { } body)
        {
            return;
        }

        plan.Messages.Add((claimed.Organization, claimed.Work.RefId, happened, body));
        foreach (var endpoint in hearing)
        {
            if (!plan.Turns.TryGetValue(endpoint.Id, out var turn))
            {
                // What is ordered or paused looks at the database first.
                var isFree = !endpoint.Ordered && !(endpoint.PausedUntil > plan.Now) && turns.TryReserve();
                turn = new EndpointTurn(Ids.New(plan.Now), isFree ? Ids.New(plan.Now) : Guid.Empty, claimed.Organization, endpoint);
                plan.Turns.Add(endpoint.Id, turn);
            }

            turn.Due.Add(new(Ids.New(plan.Now), claimed.Work.RefId, happened.Type, body, Attempts: 0, Tries: 0));
        }
    }

    private static DomainEvent? TryRead(string payload)
    {
        try
        {
            return OutboxEvent.Read(payload);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    // An endpoint does not hear of itself, or a failure to tell it would be the next thing to tell; but what was asked
    // for as a test goes to it alone.
    private static bool Hears(EndpointSnapshot endpoint, DomainEvent happened) => happened switch
    {
        EndpointTested tested => tested.EndpointId == endpoint.Id,
        EndpointEvent about => about.EndpointId != endpoint.Id && endpoint.HasSubscribed(about.Type),
        _ => endpoint.HasSubscribed(happened.Type),
    };

    private byte[]? Render(ClaimedEvent claimed, DomainEvent happened)
    {
        try
        {
            return EventCatalogue.Find(happened.Type)?.Body(happened);
        }
        catch (InvalidEventException exception)
        {
            Invalid(exception, claimed.Work.RefId, claimed.Organization.Id);
            return null;
        }
    }

    private static void Write(TenantBatch batch, Organization organization, Plan plan, HashSet<Guid> made)
    {
        var messages = plan.Messages.Where(m => m.Organization == organization).ToList();
        if (messages.Count > 0)
        {
            var deliveries = plan.Turns.Values.Where(turn => turn.Organization == organization).SelectMany(turn => turn.Due.Select(due => (Turn: turn, Due: due))).ToList();
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
                batch.AddQuery(organization, row => made.Add(row.GetGuid(0)), MakeDelivery, Sql.Value(due.Id), Sql.Value(due.MessageId), Sql.Value(turn.Endpoint.Id), Sql.Value(plan.Now));
            }
            else
            {
                batch.AddQuery(
                    organization,
                    row => made.Add(row.GetGuid(0)),
                    MakeDeliveries,
                    Sql.Column(deliveries, d => d.Due.Id),
                    Sql.Column(deliveries, d => d.Due.MessageId),
                    Sql.Column(deliveries, d => d.Turn.Endpoint.Id),
                    Sql.Value(plan.Now));
            }
        }

        if (plan.Done.Where(e => e.Organization == organization).Select(e => e.Work.RefId).ToArray() is { Length: > 0 } done)
        {
            batch.Add(organization, MarkHandled, Sql.Value(plan.Now), Sql.Value(done));
        }
    }

    private void WriteShared(TenantBatch batch, Plan plan, HashSet<Guid> pointed)
    {
        if (plan.Turns.Count > 0)
        {
            var turnsMade = plan.Turns.Values;
            batch.AddSharedQuery(
                row => pointed.Add(row.GetGuid(0)),
                Point,
                Sql.Column(turnsMade, turn => turn.WorkId),
                Sql.Column(turnsMade, turn => turn.Organization.Key),
                Sql.Column(turnsMade, turn => turn.Endpoint.Id),
                Sql.Column(turnsMade, turn => turn.ClaimId != Guid.Empty ? plan.Now + options.Value.Lease : turn.Endpoint.PausedUntil > plan.Now ? turn.Endpoint.PausedUntil.Value : plan.Now),
                Sql.Column(turnsMade, turn => turn.ClaimId != Guid.Empty ? turn.ClaimId : (Guid?)null),
                Sql.Value(plan.Now));
        }

        if (plan.Done.Count > 0)
        {
            batch.AddShared(Complete, Sql.Column(plan.Done, e => e.Work.Id), Sql.Column(plan.Done, e => e.Work.ClaimId));
        }
    }

    private void Begin(Plan plan, HashSet<Guid> made, HashSet<Guid> pointed)
    {
        var others = false;
        foreach (var turn in plan.Turns.Values)
        {
            turn.Due.RemoveAll(due => !made.Contains(due.Id));
            if (turn.ClaimId == Guid.Empty)
            {
                others = true;
            }
            else if (pointed.Contains(turn.WorkId))
            {
                turns.Begin(turn);
            }
            else
            {
                // It had a pointer already, and comes when that is claimed.
                turns.GiveBack(1);
                others = true;
            }
        }

        if (others)
        {
            signal.Wake();
        }
    }

    /// <summary>What one run is going to write.</summary>
    private sealed class Plan(DateTimeOffset now)
    {
        public DateTimeOffset Now => now;

        public List<(Organization Organization, Guid Id, DomainEvent Happened, byte[] Body)> Messages { get; } = [];

        public Dictionary<Guid, EndpointTurn> Turns { get; } = [];

        public List<ClaimedEvent> Awaited { get; } = [];

        public List<ClaimedEvent> Done { get; } = [];
    }

    [LoggerMessage(LogLevel.Warning, "Events of several organizations could not be told together; each is tried by itself.")]
    private partial void Separately(Exception exception);

    [LoggerMessage(LogLevel.Error, "Events of organization {Organization} could not be turned into webhooks; they are tried again.")]
    private partial void Failed(Exception exception, Guid organization);

    [LoggerMessage(LogLevel.Error, "Event {Event} of organization {Organization} was not published.")]
    private partial void Invalid(Exception exception, Guid @event, string organization);
}
