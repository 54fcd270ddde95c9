using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
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

/// <summary>What became of events that webhooks were told of.</summary>
/// <param name="Awaited">Others still have to handle them.</param>
/// <param name="Failed">Nothing was done; they are to be given back.</param>
public sealed record ToldEvents(IReadOnlyList<ClaimedEvent> Awaited, IReadOnlyList<ClaimedEvent> Failed);

/// <summary>Turns events into messages, and messages into deliveries: one for each endpoint that hears of the type.</summary>
/// <remarks>
/// Many events of many organizations take two round trips. What comes twice happens once: a message has the id of its
/// event, and an endpoint has one delivery of it. An endpoint for which nothing waited gets its turn at
/// once and from memory, without another look at the database.
/// </remarks>
public sealed partial class FanOut(
    NpgsqlDataSource dataSource, DeliveryTurns turns, WorkSignal signal, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<FanOut> logger)
{
    private const string LoadEvents = "SELECT id, payload FROM outbox WHERE id = ANY($1)";

    private const string LoadEndpoints = $"SELECT {EndpointSnapshot.Columns} FROM webhook_endpoints e WHERE e.status = 'active'";

    /// <summary>Makes messages and deliveries of events.</summary>
    /// <param name="events">Claimed by this node.</param>
    /// <param name="isAwaited">Whether others than webhooks wait for an event; one that nobody waits for is finished here.</param>
    /// <param name="cancellationToken">Gives up; nothing is half done.</param>
    public async Task<ToldEvents> RunAsync(IReadOnlyList<ClaimedEvent> events, Func<DomainEvent, bool> isAwaited, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
        {
            return new([], []);
        }

        // The catalogue may have been read anew between two of them; here an organization is one.
        var known = new Dictionary<Guid, Organization>();
        events = [.. events.Select(e => known.TryAdd(e.Organization.Key, e.Organization) ? e : e with { Organization = known[e.Organization.Key] })];
        try
        {
            return new(await TryAsync(events, isAwaited, cancellationToken), []);
        }
        catch (Exception exception) when (exception is PostgresException or not (NpgsqlException or OperationCanceledException))
        {
            Separately(exception);
        }

        // One organization's trouble is not to be everybody's; and what was only bad luck, such as a deadlock, is over.
        var (awaited, failed) = (new List<ClaimedEvent>(), new List<ClaimedEvent>());
        foreach (var own in events.GroupBy(e => e.Organization.Key))
        {
            try
            {
                awaited.AddRange(await TryAsync([.. own], isAwaited, cancellationToken));
            }
            catch (Exception exception) when (exception is PostgresException or not (NpgsqlException or OperationCanceledException))
            {
                Failed(exception, own.Key);
                failed.AddRange(own);
            }
        }

        return new(awaited, failed);
    }

    private async Task<IReadOnlyList<ClaimedEvent>> TryAsync(IReadOnlyList<ClaimedEvent> events, Func<DomainEvent, bool> isAwaited, CancellationToken cancellationToken)
    {
        using var room = turns.NoRoom();
        var plan = new FanOutPlan(clock.GetUtcNow(), options.Value.Lease);
        var (payloads, endpoints) = await LoadAsync(events, cancellationToken);
        foreach (var claimed in events)
        {
            if (!payloads.TryGetValue((claimed.Organization.Key, claimed.Work.RefId), out var payload))
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

            Tell(claimed, happened, endpoints[claimed.Organization.Key], plan, room);
            (isAwaited(happened) ? plan.Awaited : plan.Done).Add(claimed);
        }

        await using var batch = TenantBatch.Of(dataSource);
        plan.Write(batch);
        await batch.ExecuteAsync(cancellationToken);
        Begin(plan, room);
        return plan.Awaited;
    }

    private async Task<(Dictionary<(Guid Organization, Guid Event), string> Payloads, Dictionary<Guid, List<EndpointSnapshot>> Endpoints)> LoadAsync(IReadOnlyList<ClaimedEvent> events, CancellationToken cancellationToken)
    {
        // By organization too: a copy of an organization has its ids, and an organization's role writes what pointers it
        // likes. Nobody is told what happened at another's (SEC-4).
        var (payloads, endpoints) = (new Dictionary<(Guid, Guid), string>(), new Dictionary<Guid, List<EndpointSnapshot>>());
        await using var batch = TenantBatch.Of(dataSource);
        foreach (var own in events.GroupBy(e => e.Organization))
        {
            var active = endpoints[own.Key.Key] = [];
            batch.AddQuery(own.Key, row => payloads.Add((own.Key.Key, row.GetGuid(0)), row.GetString(1)), LoadEvents, Sql.Column(own, e => e.Work.RefId));
            batch.AddQuery(own.Key, row => active.Add(EndpointSnapshot.Read(row, 0)), LoadEndpoints);
        }

        await batch.ExecuteAsync(cancellationToken);
        return (payloads, endpoints);
    }

    private void Tell(ClaimedEvent claimed, DomainEvent happened, List<EndpointSnapshot> endpoints, FanOutPlan plan, TurnRoom room)
    {
        var hearing = endpoints.Where(endpoint => Hears(endpoint, happened)).ToList();
        if (hearing.Count == 0 || Render(claimed, happened) is not { } body)
        {
            return;
        }

        plan.Messages.Add((claimed.Organization, claimed.Work.RefId, happened, body));
        foreach (var endpoint in hearing)
        {
            if (!plan.Turns.TryGetValue((claimed.Organization.Key, endpoint.Id), out var turn))
            {
                // What is ordered or paused looks at the database first.
                var isFree = !endpoint.Ordered && !(endpoint.PausedUntil > plan.Now) && room.TryTake();
                turn = new EndpointTurn(Ids.New(plan.Now), isFree ? Ids.New(plan.Now) : Guid.Empty, claimed.Organization, endpoint);
                plan.Turns.Add((claimed.Organization.Key, endpoint.Id), turn);
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

    private void Begin(FanOutPlan plan, TurnRoom room)
    {
        var others = false;
        foreach (var turn in plan.Turns.Values)
        {
            turn.Due.RemoveAll(due => !plan.Made.Contains(due.Id));
            if (turn.ClaimId == Guid.Empty)
            {
                others = true;
            }
            else if (plan.Pointed.Contains(turn.WorkId))
            {
                room.Begin(turn);
            }
            else
            {
                // It had a pointer already, and comes when that is claimed.
                others = true;
            }
        }

        if (others)
        {
            signal.Wake();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Events could not be told; each organization's are tried by themselves.")]
    private partial void Separately(Exception exception);

    [LoggerMessage(LogLevel.Error, "Events of organization {Organization} could not be turned into webhooks; they are tried again.")]
    private partial void Failed(Exception exception, Guid organization);

    [LoggerMessage(LogLevel.Error, "Event {Event} of organization {Organization} was not published.")]
    private partial void Invalid(Exception exception, Guid @event, string organization);
}
