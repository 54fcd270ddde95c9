using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Onboarding.Testing;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-12. The baseline is a web application that does nothing: what runtime and framework take by themselves.</summary>
internal sealed class Startup : Benchmark
{
    private const double Mega = 1_000_000;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    public override string Id => "PERF-12";

    public override string Name => "startup";

    public override string What => "process to ready on a warm database; idle memory with 1,000 organizations";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync();
        await BareAsync(environment);
        await ProductAsync(environment);
        var rounds = await BenchRounds.RunAsync(() => BareAsync(environment), () => ProductAsync(environment));
        report.Absolute(this, "process to ready; baseline: an empty web application", Target.Max(3), rounds[1], rounds[0]);

        await using var bare = await environment.StartBaselineAsync(this);
        await using var api = await environment.StartApiAsync();
        var atStart = await ResidentAsync(api);
        var requests = fleet.Select(one => BenchLoad.Request("GET", "/me", one.Host, environment.TokenOf(one))).ToList();
        await BenchLoad.RunAsync(api.Address, requests, clients: 16, TimeSpan.FromSeconds(5));
        var served = await ResidentAsync(api);
        report.Absolute(this, "idle memory after the start; baseline: an empty web application", Target.Max(250), atStart, await ResidentAsync(bare));
        report.Absolute(this, "idle memory after 1,000 organizations were served", Target.Max(250), served, await ResidentAsync(bare));
    }

    public override async Task ServeAsync(string[] args)
    {
        await using var app = WebApplication.CreateBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/health/ready", () => "ok");
        await app.RunAsync();
    }

    private Task<Sample> BareAsync(BenchEnvironment environment) => UntilReadyAsync(() => environment.StartBaselineAsync(this));

    private static Task<Sample> ProductAsync(BenchEnvironment environment) => UntilReadyAsync(() => environment.StartApiAsync());

    private static async Task<Sample> UntilReadyAsync(Func<Task<ApiProcess>> start)
    {
        var started = Stopwatch.GetTimestamp();
        await using var process = await start();
        using var client = process.ClientFor(null);
        while (true)
        {
            using var answer = await client.GetAsync("/health/ready");
            if (answer.IsSuccessStatusCode)
            {
                return new(Stopwatch.GetElapsedTime(started).TotalSeconds, "s");
            }

            await Task.Delay(10);
        }
    }

    private static async Task<Sample> ResidentAsync(ApiProcess of)
    {
        await Task.Delay(Idle);
        using var process = Process.GetProcessById(of.Id);
        return new(process.WorkingSet64 / Mega, "MB");
    }
}
