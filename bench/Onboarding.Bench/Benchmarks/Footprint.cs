namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-2. What a further active organization costs a node: the slope between 100 and 1,000 of them.</summary>
internal sealed class Footprint : Benchmark
{
    private const int Few = 100;
    private const int Clients = 16;

    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(3);

    public override string Id => "PERF-2";

    public override string Name => "footprint";

    public override string What => "what a further active organization costs a node";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync();
        var requests = fleet.Select(one => BenchLoad.Request("GET", "/me", one.Host, environment.TokenOf(one))).ToList();
        var rounds = new List<Round>();
        for (var i = 0; i < BenchRounds.Count; i++)
        {
            rounds.Add(await RoundAsync(environment, requests));
        }

        report.Absolute(this, "managed heap of a further organization", Target.Max(2), Median(rounds, round => round.Heap));
        report.Absolute(this, "resident memory of a further organization", Target.Max(8), Median(rounds, round => round.Resident));
        report.Absolute(this, "PostgreSQL connections of a node with 1,000", Target.Max(4 * Environment.ProcessorCount), Median(rounds, round => round.Connections));
        report.Ratio(this, "first touch, against the median when warm", Sample.Median(rounds.Select(round => round.First.Value / round.Warm.Value)), Target.Max(3), Median(rounds, round => round.First), Median(rounds, round => round.Warm));
    }

    private sealed record Round(Sample Heap, Sample Resident, Sample Connections, Sample First, Sample Warm);

    private static Sample Median(IEnumerable<Round> rounds, Func<Round, Sample> of) => Sample.MedianOf(rounds.Select(of).ToList());

    private static async Task<Round> RoundAsync(BenchEnvironment environment, List<byte[]> requests)
    {
        var probe = new BenchProbe();
        await using var api = await environment.StartApiAsync(probe.Settings);

        // Twice: what code and pools need at first is no organization's.
        Held before = null!;
        for (var i = 0; i < 2; i++)
        {
            await BenchLoad.RunAsync(api.Address, requests.Take(Few).ToList(), Clients, Busy);
            before = await probe.AskAsync();
        }

        var further = requests.Skip(Few).ToList();
        var first = await OneByOneAsync(api.Address, further);
        await OneByOneAsync(api.Address, further);
        var warm = await OneByOneAsync(api.Address, further);
        await BenchLoad.RunAsync(api.Address, requests, Clients, Busy);
        var connections = await ConnectionsAsync(environment);
        var after = await probe.AskAsync();
        return new(
            new((after.Heap - before.Heap) / 1024.0 / further.Count, "KiB"),
            new((after.Resident - before.Resident) / 1024.0 / further.Count, "KiB"),
            new(connections, "connections"),
            first, warm);
    }

    private static async Task<Sample> OneByOneAsync(Uri address, List<byte[]> requests)
    {
        var sample = await BenchLoad.RunAsync(address, next => next < requests.Count ? requests[(int)next] : null, clients: 1, TimeSpan.FromMinutes(5));
        return sample with { Value = sample.Latency!.P50, Unit = "ms" };
    }

    private static async Task<double> ConnectionsAsync(BenchEnvironment environment)
    {
        await using var command = environment.Postgres.CreateCommand("SELECT count(*)::float8 FROM pg_stat_activity WHERE application_name = 'onboarding' AND datname = current_database()");
        return (double)(await command.ExecuteScalarAsync())!;
    }
}
