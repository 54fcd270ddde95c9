using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>The turns of this node: sends what is due to each endpoint, so many requests at once to one, to one organization's, and in all.</summary>
/// <remarks>
/// A receiver that hangs holds up its own turn and nobody else's (HOOK-18). At a stop nothing new is begun, and what is
/// under way is finished and recorded as long as the stop can wait (HOOK-11).
/// </remarks>
public sealed partial class DeliveryTurns : IHostedService, IDisposable
{
    /// <summary>A stop as a whole takes less than 10 s.</summary>
    private static readonly TimeSpan WhileStopping = TimeSpan.FromSeconds(8);

    private readonly WebhookSender sender;
    private readonly EndpointSecrets secrets;
    private readonly AttemptRecorder recorder;
    private readonly Verdicts verdicts;
    private readonly DeliveryOptions options;
    private readonly IHostApplicationLifetime lifetime;
    private readonly TimeProvider clock;
    private readonly ILogger<DeliveryTurns> logger;

    private readonly Lock gate = new();
    private readonly Dictionary<EndpointTurn, Task> running = [];
    private readonly ConcurrentDictionary<(Guid Organization, Guid Endpoint), Pace> paces = new();
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> organizations = new();
    private readonly SemaphoreSlim room;
    private readonly SemaphoreSlim flights;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource givingUp = new();
    private bool isDisposed;

    internal DeliveryTurns(
        WebhookSender sender, EndpointSecrets secrets, AttemptRecorder recorder, Verdicts verdicts, IOptions<DeliveryOptions> options, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<DeliveryTurns> logger)
    {
        (this.sender, this.secrets, this.recorder, this.verdicts, this.options, this.lifetime, this.clock, this.logger) =
            (sender, secrets, recorder, verdicts, options.Value, lifetime, clock, logger);
        room = new(this.options.MaxTurns);
        flights = new(this.options.MaxInFlight);
    }

    /// <summary>Takes room for one more turn, if there is any and the node is not stopping.</summary>
    internal bool TryReserve() => !stopping.IsCancellationRequested && room.Wait(0, CancellationToken.None);

    /// <summary>Waits for room for at least one turn; takes it and as much more as there is, up to <paramref name="limit"/>.</summary>
    internal async Task<TurnRoom> ReserveAsync(int limit, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        var reserved = new TurnRoom(this, 1);
        while (reserved.Count < limit && reserved.TryTake())
        {
            // as much as there is
        }

        return reserved;
    }

    /// <summary>No room yet: it is taken turn by turn, while there is some.</summary>
    internal TurnRoom NoRoom() => new(this, 0);

    /// <summary>Gives room back that was not needed.</summary>
    internal void GiveBack(int turns)
    {
        if (turns > 0)
        {
            room.Release(turns);
        }
    }

    /// <summary>Begins a turn, for which there is room.</summary>
    internal void Begin(EndpointTurn turn)
    {
        lock (gate)
        {
            running.Add(turn, RunAsync(turn));
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // As soon as the stop is announced: services that end before this one take their time.
        lifetime.ApplicationStopping.Register(() =>
        {
            if (!isDisposed)
            {
                stopping.Cancel();
                givingUp.CancelAfter(WhileStopping);
            }
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A host that was disposed of may be told to stop once more.
        if (isDisposed)
        {
            return;
        }

        Task[] turns;
        lock (gate)
        {
            turns = [.. running.Values];
        }

        await Task.WhenAll(turns);
        await recorder.FinishAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        stopping.Dispose();
        givingUp.Dispose();
        room.Dispose();
        flights.Dispose();
        foreach (var organization in organizations.Values)
        {
            organization.Dispose();
        }
    }

    private async Task RunAsync(EndpointTurn turn)
    {
        await Task.Yield(); // the lock of whoever begins it is not for this
        try
        {
            await SendAllAsync(turn);
            await recorder.AddAsync(new TurnEnd(turn));
        }
        catch (Exception exception)
        {
            // The lease brings it back.
            Failed(exception, turn.Endpoint.Id, turn.Organization.Id);
        }

        lock (gate)
        {
            running.Remove(turn);
        }

        room.Release();
    }

    private async Task SendAllAsync(EndpointTurn turn)
    {
        if (turn.Due.Count == 0)
        {
            return;
        }

        var now = clock.GetUtcNow();
        var outgoing = new Outgoing(
            EndpointSecrets.Active(secrets.Unprotect(turn.Endpoint.Secrets, turn.Organization.SecretScope), now),
            StaticHeaders.From(secrets.UnprotectHeaders(turn.Endpoint.Headers, turn.Organization.SecretScope)));
        var end = now + options.Turn;
        var due = new ConcurrentQueue<DueDelivery>(turn.Due);
        var lanes = turn.Endpoint.Ordered || turn.Endpoint.Health.IsInTrouble ? 1 : Math.Min(options.MaxInFlightPerEndpoint, due.Count);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => SendAsync(turn, due, outgoing, end)));
    }

    /// <summary>Sends one after the other, as long as something is due.</summary>
    /// <remarks>
    /// It keeps its place among what is under way until it ends. So turns follow one another instead of all going on at
    /// once a little, and what a turn has to record comes together.
    /// </remarks>
    private async Task SendAsync(EndpointTurn turn, ConcurrentQueue<DueDelivery> due, Outgoing outgoing, DateTimeOffset end)
    {
        var organization = organizations.GetOrAdd(turn.Organization.Key, _ => new(options.MaxInFlightPerOrganization));
        var hasPlace = false;
        try
        {
            while (!due.IsEmpty && await MayBeginAsync(turn, end))
            {
                if (!hasPlace)
                {
                    await organization.WaitAsync(CancellationToken.None);
                    await flights.WaitAsync(CancellationToken.None);
                    hasPlace = true;
                }

                if (stopping.IsCancellationRequested || turn.IsHeldUp || clock.GetUtcNow() >= end || !due.TryDequeue(out var next))
                {
                    return;
                }

                await SendAsync(turn, next, outgoing);
                if (turn.Endpoint.RateLimit is not null)
                {
                    // Others need not wait while it keeps its pace.
                    Leave();
                }
            }
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            // The node could not wait; the delivery stays due, and whether it arrived is not known.
        }
        finally
        {
            if (hasPlace)
            {
                Leave();
            }
        }

        void Leave()
        {
            hasPlace = false;
            flights.Release();
            organization.Release();
        }
    }

    private async Task SendAsync(EndpointTurn turn, DueDelivery due, Outgoing outgoing)
    {
        var webhook = new OutgoingWebhook(turn.Endpoint.Url, $"msg_{due.MessageId:N}", due.Body, outgoing.Secrets, outgoing.Headers);
        var startedAt = clock.GetUtcNow();
        var exchange = await sender.SendAsync(webhook, givingUp.Token);
        await recorder.AddAsync(verdicts.Of(turn, due, exchange, startedAt));
    }

    /// <summary>Waits for the endpoint's pace. False when nothing more is to be begun in this turn.</summary>
    private async ValueTask<bool> MayBeginAsync(EndpointTurn turn, DateTimeOffset end)
    {
        if (turn.IsHeldUp || stopping.IsCancellationRequested)
        {
            return false;
        }

        if (turn.Endpoint.RateLimit is not { } rate)
        {
            return true;
        }

        var pace = paces.GetOrAdd((turn.Organization.Key, turn.Endpoint.Id), _ => new());
        if (pace.Next(rate, clock.GetUtcNow(), end) is not { } slot)
        {
            turn.NotBefore = pace.NotBefore;
            turn.HoldUp();
            return false;
        }

        var wait = slot - clock.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            try
            {
                await Task.Delay(wait, clock, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Outgoing(IReadOnlyCollection<WebhookSecret> Secrets, StaticHeaders Headers);

    [LoggerMessage(LogLevel.Error, "A turn of webhook endpoint {Endpoint} of organization {Organization} failed; what was due stays due.")]
    private partial void Failed(Exception exception, Guid endpoint, string organization);
}
