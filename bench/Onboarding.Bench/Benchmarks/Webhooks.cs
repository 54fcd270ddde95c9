using System.Diagnostics;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-7: events committed at a steady rate, until they are at the receiver.</summary>
/// <remarks>
/// The load generator commits ten events of ten organizations every hundredth of a second, with their pointers, and rings
/// the bell as a node does; receiver and generator run in this process.
/// </remarks>
internal sealed class Webhooks : Benchmark
{
    private const int Organizations = 200;
    private const int PerSecond = 1_000;
    private const int Seconds = 60;

    /// <summary>What is compared beside a hanging endpoint must not be how a saturated machine queues, so half the rate.</summary>
    private const int PerSecondBeside = PerSecond / 2;

    private const int PerCommit = 10;
    private const int Waiting = 10_000;

    public override string Id => "PERF-7";

    public override string Name => "webhooks";

    public override string What => "1,000 signed webhooks a second for a minute, 200 organizations, from commit to receipt";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var fleet = await environment.FleetAsync(Organizations);
        await WebhookFleet.SubscribeAsync(environment, fleet, receiver.Url);
        await using var api = await environment.StartApiAsync(WebhookFleet.Settings);
        report.Progress("warming up");
        await SteadyAsync(environment, fleet, receiver, PerSecond, 10);
        report.Progress("steady");
        await WebhookFleet.RecordedAsync(environment);
        var steady = await environment.Cpu.MeasureAsync(api.Id, () => SteadyAsync(environment, fleet, receiver, PerSecond, Seconds));
        report.Absolute(this, $"from commit to receipt at {PerSecond} a second for {Seconds} s, p99", Target.Max(250), steady);

        report.Progress("beside one that hangs");
        var others = fleet.SkipLast(1).ToList();
        var hanging = (await WebhookFleet.SubscribeAsync(environment, [fleet[^1]], receiver.Hanging))[0];
        var rounds = await BenchRounds.RunAsync(
            () => SteadyAsync(environment, others, receiver, PerSecondBeside, 10),
            async () =>
            {
                await WebhookFleet.WaitAsync(environment, fleet[^1], hanging, Waiting);
                var sample = await SteadyAsync(environment, others, receiver, PerSecondBeside, 10);
                await WebhookFleet.ForgetAsync(environment, fleet[^1], hanging);
                return sample;
            });
        report.Ratio(this, $"HOOK-18: {PerSecondBeside} a second beside an endpoint that hangs with {Waiting:#,0} waiting, p99", rounds.Ratio(1, 0, sample => sample.Latency!.P99), Target.Max(2), rounds[1], rounds[0]);
    }

    private static async Task<Sample> SteadyAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> fleet, WebhookReceiver receiver, int perSecond, int seconds)
    {
        using var self = Process.GetCurrentProcess();
        var cpu = self.TotalProcessorTime;
        receiver.Clear();
        var committed = new Dictionary<string, long>();
        var total = seconds * perSecond;
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < total; sent += PerCommit)
        {
            var wait = TimeSpan.FromSeconds((double)sent / perSecond) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var ids = await WebhookFleet.CommitAsync(environment, Enumerable.Range(sent, PerCommit).Select(n => fleet[n % fleet.Count]));
            var at = Stopwatch.GetTimestamp();
            foreach (var id in ids)
            {
                committed.Add($"msg_{id:N}", at);
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        await receiver.WaitForAsync(total, TimeSpan.FromSeconds(60));
        self.Refresh();
        var latencies = committed.Where(pair => receiver.ReceivedAt.ContainsKey(pair.Key))
            .Select(pair => (int)Math.Max(0, Stopwatch.GetElapsedTime(pair.Value, receiver.ReceivedAt[pair.Key]).TotalMicroseconds)).ToArray();
        var percentiles = Percentiles.Of(latencies);
        return new(percentiles.P99, "ms", percentiles, total - latencies.Length, (self.TotalProcessorTime - cpu) / elapsed / Environment.ProcessorCount, total);
    }
}
