using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy;

namespace Onboarding.Api.Http;

/// <summary>How fast the requests of one organization follow each other on this node (PERF-10, SEC-50).</summary>
/// <remarks>
/// The generic cell rate algorithm: each request takes the next moment of its organization's own time. Connections alone do not
/// protect the others: a crowd that waits for four of them still keeps every core busy. Who waits for a moment costs nobody anything.
/// A request counts once for the first millisecond that the organization's last ones had a connection, and three times for each further
/// one: those that change something, or wait for each other's rows, are fewer in a second than those that read. It counts so when it begins: counted when they are over, they would come in crowds.
/// </remarks>
internal sealed class RequestPace(IOptions<FairnessOptions> options)
{
    /// <summary>What may come at once after a pause: as much as otherwise in a quarter of a second.</summary>
    private const int BurstsPerSecond = 4;

    /// <summary>Above so many it is looked for organizations that have been quiet.</summary>
    private const int Remembered = 10_000;

    /// <summary>Unless said: about a sixth of what a core answers, so that a handful of crowds leave room for others.</summary>
    private const int PerCore = 500;

    /// <summary>As how many a request counts at most: a long export, or a database that is slow for everybody, shuts nobody out.</summary>
    private const int Heaviest = 20;

    /// <summary>As how many each millisecond after the first counts: who holds a connection for longer has changed something, which goes on costing after the answer.</summary>
    private const int PerFurtherMillisecond = 3;

    /// <summary>Over how many requests the average goes, about.</summary>
    private const int Averaged = 16;

    private readonly long interval = Math.Max(1, Stopwatch.Frequency / (options.Value.RequestsPerSecond ?? PerCore * Environment.ProcessorCount));
    private readonly long burst = Stopwatch.Frequency / BurstsPerSecond;
    private readonly long patience = (long)(options.Value.Patience.TotalSeconds * Stopwatch.Frequency);
    private readonly ConcurrentDictionary<Guid, Turn> turns = new();

    private sealed class Turn
    {
        public long Next;
        public long Cost;
    }

    /// <summary>How long the request waits before it begins; null when that is longer than anybody waits, and then it has taken nothing.</summary>
    public TimeSpan? Take(Guid organization)
    {
        var turn = turns.TryGetValue(organization, out var known) ? known : Add(organization);
        while (true)
        {
            var (now, next) = (Stopwatch.GetTimestamp(), Volatile.Read(ref turn.Next));
            var begin = Math.Max(next, now - burst);
            if (begin - now > patience)
            {
                return null;
            }

            if (Interlocked.CompareExchange(ref turn.Next, begin + Volatile.Read(ref turn.Cost), next) == next)
            {
                return begin <= now ? TimeSpan.Zero : Stopwatch.GetElapsedTime(now, begin);
            }
        }
    }

    /// <summary>Takes note of what a request took that is over.</summary>
    public void Weigh(Guid organization, TimeSpan held)
    {
        if (turns.TryGetValue(organization, out var turn))
        {
            // Of two at once one may be lost: it is an average.
            var cost = Volatile.Read(ref turn.Cost);
            Volatile.Write(ref turn.Cost, cost + (((long)(Math.Clamp(1 + (PerFurtherMillisecond * (held.TotalMilliseconds - 1)), 1, Heaviest) * interval) - cost) / Averaged));
        }
    }

    private Turn Add(Guid organization)
    {
        if (turns.Count >= Remembered)
        {
            // A turn that was forgotten a moment too early begins with a burst; that is all.
            var quiet = Stopwatch.GetTimestamp() - burst;
            foreach (var (id, turn) in turns.Where(entry => Volatile.Read(ref entry.Value.Next) < quiet))
            {
                turns.TryRemove(new(id, turn));
            }
        }

        return turns.GetOrAdd(organization, _ => new() { Cost = interval });
    }
}
