using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Bench.Benchmarks;

/// <summary>ONB-14, SEC-24. The tests ask whether a second node hears of it; this asks how long that takes.</summary>
internal sealed class Suspension : Benchmark
{
    private const int Times = 100;
    private const int Served = 200;

    private static readonly TimeSpan GivingUp = TimeSpan.FromSeconds(30);

    public override string Id => "ONB-14";

    public override string Name => "suspension";

    public override string What => "how long the later of two nodes goes on serving a suspended organization, and a member who has signed out";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var one = (await environment.FleetAsync(1))[0];
        await using var first = await environment.StartApiAsync();
        await using var second = await environment.StartApiAsync();
        using var onFirst = new BenchConnection(first.Address);
        using var onSecond = new BenchConnection(second.Address);
        BenchConnection[] nodes = [onFirst, onSecond];

        var govern = environment.Services.GetRequiredService<GovernOrganization>();
        var features = BenchLoad.Request("GET", "/features", one.Host, environment.TokenOf(one));
        var suspended = await TimeAsync(
            () => features,
            () => govern.SuspendAsync(one.Organization.Key, Actor.System, reason: null, CancellationToken.None),
            expected: 403,
            () => govern.ReactivateAsync(one.Organization.Key, Actor.System, reason: null, CancellationToken.None));
        report.Absolute(this, "suspending, p99", Target.Max(2_000), suspended);

        using var client = new HttpClient { BaseAddress = first.Address };
        client.DefaultRequestHeaders.Host = one.Host;
        var (access, refresh) = await SignInAsync();
        var signedOut = await TimeAsync(
            () => BenchLoad.Request("GET", "/me", one.Host, access),
            async () => (await client.PostAsJsonAsync("/logout", new { refresh })).EnsureSuccessStatusCode(),
            expected: 401,
            async () => (access, refresh) = await SignInAsync());
        report.Absolute(this, "signing out, p99", Target.Max(2_000), signedOut);

        // From the call, which takes a commit itself, to the first refusal by the node that is the last to refuse.
        async Task<Sample> TimeAsync(Func<byte[]> request, Func<Task> act, int expected, Func<Task> undo)
        {
            var took = new int[Times];
            for (var i = 0; i < Times; i++)
            {
                var current = request();
                Until(Served);
                var begun = Stopwatch.GetTimestamp();
                await act();
                Until(expected);
                took[i] = (int)(Stopwatch.GetElapsedTime(begun).Ticks / TimeSpan.TicksPerMicrosecond);
                await undo();

                void Until(int status)
                {
                    var patience = Stopwatch.GetTimestamp() + (long)(GivingUp.TotalSeconds * Stopwatch.Frequency);
                    foreach (var node in nodes)
                    {
                        while (node.Send(current) != status)
                        {
                            Thread.Sleep(1);
                            if (Stopwatch.GetTimestamp() > patience)
                            {
                                throw new TimeoutException($"A node did not answer {status} within {GivingUp.TotalSeconds} s.");
                            }
                        }
                    }
                }
            }

            var percentiles = Percentiles.Of(took);
            return new(percentiles.P99, "ms", percentiles, Requests: Times);
        }

        async Task<(string Access, string Refresh)> SignInAsync()
        {
            using var answer = await client.PostAsJsonAsync("/login", new { username = "admin", password = BenchEnvironment.Password });
            var tokens = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            return (tokens.GetProperty("access").GetString()!, tokens.GetProperty("refresh").GetString()!);
        }
    }
}
