using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Members;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-5. The baseline is the product's own gate and hash behind a route that does nothing else.</summary>
internal sealed class SignIn : Benchmark
{
    // More than may hash at once, so that the gate is never idle; fewer than may wait, so that nobody hears 429.
    private static readonly int Waiting = 4 * Environment.ProcessorCount;

    // A few more than may wait: those hear 429 and come back at once.
    private static readonly int Flood = 40 * Math.Max(1, Environment.ProcessorCount - 1);

    private const int Others = 8;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan UnderFlood = TimeSpan.FromSeconds(4);

    public override string Id => "PERF-5";

    public override string Name => "signin";

    public override string What => "sign-ins against the bare hash rate at the same gate; other routes during a flood of sign-ins";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync(100);
        await using var bare = await environment.StartBaselineAsync(this);
        await using var api = await environment.StartApiAsync();
        var credentials = System.Text.Json.JsonSerializer.Serialize(new { username = "admin", password = BenchEnvironment.Password });
        var signIns = fleet.Select(one => BenchLoad.Request("POST", "/login", one.Host, json: credentials)).ToList();
        var hashes = new[] { BenchLoad.Request("POST", "/hash", "localhost", json: credentials) };
        var reads = fleet.Select(one => BenchLoad.Request("GET", "/me", one.Host, environment.TokenOf(one))).ToList();

        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(() => HashAsync(UnderFlood), () => SignInAsync(UnderFlood), ReadAsync);

        var rounds = await BenchRounds.RunAsync(() => HashAsync(Round), () => SignInAsync(Round));
        report.Ratio(this, "sign-ins, against the bare hash rate at the same gate", rounds.Ratio(1, 0), Target.Min(.85), rounds[1], rounds[0]);

        var flooded = await BenchRounds.RunAsync(ReadAsync, ReadUnderFloodAsync);
        report.Ratio(this, "GET /me during a flood of sign-ins, against idle", flooded.Ratio(1, 0), Target.Min(.30), flooded[1], flooded[0]);
        report.Absolute(this, "GET /me during a flood of sign-ins, p99", Target.Max(20), InP99(flooded[1]), InP99(flooded[0]));

        Task<Sample> HashAsync(TimeSpan duration) => BenchLoad.RunAsync(bare.Address, hashes, Waiting, duration);
        Task<Sample> SignInAsync(TimeSpan duration) => BenchLoad.RunAsync(api.Address, signIns, Waiting, duration);
        Task<Sample> ReadAsync() => BenchLoad.RunAsync(api.Address, reads, Others, UnderFlood);

        // Some of the flood hears 429; what is measured is what the others feel of it.
        async Task<Sample> ReadUnderFloodAsync()
        {
            var flood = BenchLoad.RunAsync(api.Address, signIns, Flood, UnderFlood + TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            var others = await ReadAsync();
            await flood;
            return others;
        }
    }

    public override async Task ServeAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddTenantResolution(builder.AddWebOptions()).AddSecrets().AddSignIn().AddStrictJson();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var gate = app.Services.GetRequiredService<PasswordGate>();
        var hash = app.Services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, BenchEnvironment.Password);
        app.MapPost("/hash", async (LoginRequest request, CancellationToken cancellationToken) =>
            await gate.VerifyAsync(organization: null, hash, request.Password, cancellationToken) == PasswordVerificationResult.Success
                ? Results.Ok() : Results.StatusCode(StatusCodes.Status429TooManyRequests)).AllowAnonymous();
        await app.RunAsync();
    }

    private static Sample InP99(Sample sample) => sample with { Value = sample.Latency!.P99, Unit = "ms" };
}
