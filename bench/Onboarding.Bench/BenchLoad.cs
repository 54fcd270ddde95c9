using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Onboarding.Bench;

/// <summary>A light load generator: a thread per client, blocking sockets, requests made beforehand, one at a time per connection.</summary>
/// <remarks>
/// It shares the machine with what it measures. Blocking calls cost least: no event loop, no allocation per request. How
/// much of the machine it takes stands in each <see cref="Sample"/>.
/// </remarks>
internal static class BenchLoad
{
    private const int StackSize = 128 * 1024;

    /// <summary>A request on a connection that stays open.</summary>
    /// <param name="header">One more, with its name.</param>
    public static byte[] Request(string method, string path, string host, string? token = null, string? json = null, string? header = null)
    {
        var text = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        if (token is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"Authorization: Bearer {token}\r\n");
        }

        if (header is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{header}\r\n");
        }

        if (json is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n");
        }

        return Encoding.UTF8.GetBytes($"{text}\r\n{json}");
    }

    /// <summary>Sends the requests in turn, from so many clients at once, for so long.</summary>
    /// <param name="expected">Any other status is an error.</param>
    public static Task<Sample> RunAsync(Uri address, IReadOnlyList<byte[]> requests, int clients, TimeSpan duration, int expected = 200) =>
        RunAsync(address, next => requests[(int)(next % requests.Count)], clients, duration, expected);

    /// <inheritdoc cref="RunAsync(Uri, IReadOnlyList{byte[]}, int, TimeSpan, int)"/>
    /// <param name="request">The nth request; null ends the run.</param>
    public static Task<Sample> RunAsync(Uri address, Func<long, byte[]?> request, int clients, TimeSpan duration, int expected = 200) => Task.Run(() =>
    {
        using var self = Process.GetCurrentProcess();
        var cpu = self.TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var deadline = started + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var next = -1L;
        var results = Enumerable.Range(0, clients).Select(_ => new Client(address, expected)).ToList();
        var threads = results.ConvertAll(client => new Thread(() => client.Run(() => request(Interlocked.Increment(ref next)), deadline), StackSize));
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var elapsed = Stopwatch.GetElapsedTime(started);
        self.Refresh();
        var latencies = results.SelectMany(client => client.Latencies).ToArray();
        return new Sample(
            latencies.Length / elapsed.TotalSeconds, "/s", Percentiles.Of(latencies), results.Sum(client => client.Errors),
            (self.TotalProcessorTime - cpu) / elapsed / Environment.ProcessorCount, latencies.Length);
    });

    private sealed class Client(Uri address, int expected)
    {
        /// <summary>Of the answers that were expected, in microseconds.</summary>
        public List<int> Latencies { get; } = new(64 * 1024);

        public long Errors { get; private set; }

        public void Run(Func<byte[]?> next, long deadline)
        {
            using var connection = new BenchConnection(address);
            while (Stopwatch.GetTimestamp() < deadline && next() is { } request)
            {
                var sent = Stopwatch.GetTimestamp();
                if (connection.Send(request) == expected)
                {
                    Latencies.Add((int)(Stopwatch.GetElapsedTime(sent).Ticks / TimeSpan.TicksPerMicrosecond));
                }
                else
                {
                    Errors++;
                }
            }
        }
    }
}
