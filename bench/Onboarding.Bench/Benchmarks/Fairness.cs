namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-10. The baseline is the same organization with the node to itself.</summary>
internal sealed class Fairness : Benchmark
{
    private const int Crowd = 200;
    private const int PerSecond = 50;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(15);

    public override string Id => "PERF-10";

    public override string Name => "fairness";

    public override string What => $"p99 of one organization at {PerSecond} requests a second while another one sends all it can from {Crowd} connections";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync(2);
        await using var api = await environment.StartApiAsync(new Dictionary<string, string?> { ["Fairness:RequestsPerSecond"] = $"{500 * Environment.ProcessorCount}" }); // the default
        var (noisy, quiet) = (fleet[0], fleet[1]);
        var request = BenchLoad.Request("GET", "/me", quiet.Host, environment.TokenOf(quiet));
        var read = BenchLoad.Request("GET", "/me", noisy.Host, environment.TokenOf(noisy));

        // Two names in turn, so that each is a change: all of them want the same row.
        var write = Enumerable.Range(0, 2).Select(name => BenchLoad.Request("PATCH", "/me", noisy.Host, environment.TokenOf(noisy), $$"""{"full_name":"Name {{name}}"}""")).ToList();

        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(() => BenchLoad.RunAsync(api.Address, [read], Crowd, TimeSpan.FromSeconds(4)));
        await BesideAsync(write);

        var rounds = await BenchRounds.RunAsync(AloneAsync, () => BesideAsync([read]), () => BesideAsync(write));
        report.Ratio(this, $"p99 at {PerSecond} a second beside {Crowd} connections that read", rounds.Ratio(1, 0), Target.Max(2), rounds[1], rounds[0]);
        report.Ratio(this, $"p99 at {PerSecond} a second beside {Crowd} connections that change one row", rounds.Ratio(2, 0), Target.Max(2), rounds[2], rounds[0]);

        Task<Sample> AloneAsync() => BenchPace.RunAsync(api.Address, request, PerSecond, Round);

        async Task<Sample> BesideAsync(IReadOnlyList<byte[]> crowd)
        {
            var noise = BenchLoad.RunAsync(api.Address, crowd, Crowd, Round + TimeSpan.FromSeconds(2));
            await Task.Delay(TimeSpan.FromSeconds(1));
            var beside = await AloneAsync();
            var made = await noise;
            report.Progress($"the crowd: {made.Value:0} a second, {made.Errors} refused, p50 {made.Latency!.P50:0} ms, p99 {made.Latency.P99:0} ms");
            return beside;
        }
    }
}
