using System.Diagnostics;

namespace Onboarding.Bench;

/// <summary>Requests at a fixed rate, whatever the answers take (an open loop): how the few that somebody sends fare beside a crowd.</summary>
internal static class BenchPace
{
    /// <summary>Enough that one is always free to send, unless answers take a quarter of a second.</summary>
    private const int Senders = 12;

    /// <summary>Sends a request so many times a second, for so long; any other status than 200 is an error.</summary>
    /// <remarks>An answer is timed from when its request was due, or from when it was sent if its sender was free by then: how long the machine takes to wake the sender is none of the server's time.</remarks>
    public static Task<Sample> RunAsync(Uri address, byte[] request, int perSecond, TimeSpan duration) => Task.Run(() =>
    {
        var started = Stopwatch.GetTimestamp();
        var total = (long)(duration.TotalSeconds * perSecond);
        var next = -1L;
        var latencies = new int[Senders][];
        var errors = 0L;
        var threads = Enumerable.Range(0, Senders).Select(sender => new Thread(() => latencies[sender] = Send())).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        var percentiles = Percentiles.Of([.. latencies.SelectMany(of => of)]);
        return new Sample(percentiles.P99, "ms", percentiles, errors, Requests: total);

        int[] Send()
        {
            var mine = new List<int>();
            using var connection = new BenchConnection(address);
            while (Interlocked.Increment(ref next) is var number && number < total)
            {
                var due = started + (number * Stopwatch.Frequency / perSecond);
                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero)
                {
                    Thread.Sleep(wait);
                    due = Stopwatch.GetTimestamp();
                }

                if (connection.Send(request) != 200)
                {
                    Interlocked.Increment(ref errors);
                }

                mine.Add((int)(Stopwatch.GetElapsedTime(due).Ticks / TimeSpan.TicksPerMicrosecond));
            }

            return [.. mine];
        }
    });
}
