using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Work;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>A turn is over: its endpoint is let go, until its next delivery is due.</summary>
internal sealed record TurnEnd(EndpointTurn Turn);

/// <summary>Gathers what became of attempts and has it recorded, that of many endpoints at once.</summary>
/// <remarks>Should the node die before, what was sent is sent again with the same id (HOOK-8).</remarks>
internal sealed partial class AttemptRecorder(
    AttemptRecords records, WorkSignal signal, IOptions<DeliveryOptions> options, ILogger<AttemptRecorder> logger) : BackgroundService
{
    private const int MaxBatch = 2_000;

    /// <summary>So short that nobody notices, so long that results of many endpoints share a transaction.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// How long the results of a turn that goes on are held, so that those of one organization are one statement: that is
    /// what makes a backlog cheap. A node that dies meanwhile sends them again.
    /// </summary>
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    private readonly Channel<object> results = Channel.CreateBounded<object>(new BoundedChannelOptions(10_000) { SingleReader = true });
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes a <see cref="Verdict"/> or a <see cref="TurnEnd"/>; waits when the database cannot keep up.</summary>
    public ValueTask AddAsync(object result) => results.Writer.WriteAsync(result);

    /// <summary>Takes nothing more, and returns when what it has is recorded, or when that takes too long.</summary>
    public async Task FinishAsync()
    {
        results.Writer.TryComplete();
        await Task.WhenAny(finished.Task, Task.Delay(BetweenTries));
    }

    // Not by the host's token: what was sent has to be recorded when the node stops, too. FinishAsync ends it.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var gathered = new Dictionary<EndpointTurn, GatheredResults>();
        var more = results.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        while (await MoreAsync(more, gathered.Count > 0))
        {
            if (!stoppingToken.IsCancellationRequested && results.Reader.Count < MaxBatch)
            {
                await Task.Delay(Gather, CancellationToken.None);
            }

            var read = 0;
            while (read < MaxBatch && results.Reader.TryRead(out var result))
            {
                var turn = result is Verdict verdict ? verdict.Turn : ((TurnEnd)result).Turn;
                (gathered.TryGetValue(turn, out var sofar) ? sofar : gathered[turn] = new(turn)).Add(result);
                read++;
            }

            if (more.IsCompleted)
            {
                more = results.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
            }

            var ripe = gathered.Values.Where(turn => turn.HasEnded || turn.Age >= Hold || results.Reader.Completion.IsCompleted).ToList();
            ripe.ForEach(turn => gathered.Remove(turn.Turn));
            await RecordAsync([.. ripe.Select(turn => turn.Results())]);
        }

        await RecordAsync([.. gathered.Values.Select(turn => turn.Results())]);
        finished.TrySetResult();
    }

    // While something waits to be recorded it is looked at again soon, even when nothing more arrives.
    private static async Task<bool> MoreAsync(Task<bool> more, bool isHolding)
    {
        if (isHolding)
        {
            await Task.WhenAny(more, Task.Delay(Gather));
            return !more.IsCompleted || await more;
        }

        return await more;
    }

    private async Task RecordAsync(List<TurnResults> turns)
    {
        if (turns.Count == 0)
        {
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await records.WriteAsync(turns))
                {
                    signal.Wake();
                }

                return;
            }
            catch (Exception exception) when (exception is not (PostgresException or UnreadableRowException) || TransientFailures.IsDatabaseAway(exception) || TransientFailures.IsContention(exception))
            {
                // The database is away or busy: what was sent is worth waiting for, until the leases have ended.
                Away(exception, turns.Count);
                if (attempt * BetweenTries >= options.Value.Lease)
                {
                    return;
                }

                await Task.Delay(BetweenTries);
            }
            catch (Exception exception)
            {
                await OneByOneAsync(turns, exception);
                return;
            }
        }
    }

    // One organization's trouble is not to be everybody's: each is recorded as if it had come alone, and waited for where that
    // is worth it. Of one alone nothing is left to try, except on a connection that knows its role.
    private async Task OneByOneAsync(List<TurnResults> turns, Exception exception)
    {
        var organizations = turns.GroupBy(t => t.Turn.Organization.Key).ToList();
        if (organizations.Count > 1)
        {
            foreach (var own in organizations)
            {
                await RecordAsync([.. own]);
            }

            return;
        }

        try
        {
            if (!TransientFailures.IsRoleUnseen(exception))
            {
                throw exception;
            }

            await records.WriteAsync(turns);
        }
        catch (Exception failure)
        {
            Failed(failure, organizations[0].Key);
        }

        signal.Wake();
    }

    [LoggerMessage(LogLevel.Warning, "What became of deliveries to {Endpoints} webhook endpoints could not be recorded; it is tried again.")]
    private partial void Away(Exception exception, int endpoints);

    [LoggerMessage(LogLevel.Error, "What became of deliveries of organization {Organization} was not recorded; they will be sent again.")]
    private partial void Failed(Exception exception, Guid organization);

    /// <summary>What has come of one turn since it was last recorded.</summary>
    private sealed class GatheredResults(EndpointTurn turn)
    {
        private readonly long since = Stopwatch.GetTimestamp();
        private readonly List<Verdict> verdicts = [];

        public EndpointTurn Turn => turn;

        public bool HasEnded { get; private set; }

        public TimeSpan Age => Stopwatch.GetElapsedTime(since);

        public void Add(object result)
        {
            if (result is Verdict verdict)
            {
                verdicts.Add(verdict);
            }
            else
            {
                HasEnded = true;
            }
        }

        public TurnResults Results() => new(turn, verdicts, HasEnded);
    }
}
