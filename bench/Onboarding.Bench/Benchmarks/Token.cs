using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Members;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-11. A route that does nothing, in front of which the product's own parts check who calls.</summary>
/// <remarks>
/// Two addresses of one process: at the first nothing stands in front of the route; at the second the product's
/// resolution of the organization, and behind that its authentication, agreement and authorization too.
/// </remarks>
internal sealed class Token : Benchmark
{
    private const int Clients = 32;
    private const int Members = 100;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);

    public override string Id => "PERF-11";

    public override string Name => "token";

    public override string What => "check of a JSON Web Token, against a bare route";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync(Members);
        await using var bare = await environment.StartBaselineAsync(this, "bare");
        await using var checking = await environment.StartBaselineAsync(this, "checking");
        var variants = new[]
        {
            (Server: bare, Requests: fleet.Select(one => BenchLoad.Request("GET", "/anonymous", one.Host)).ToList()),
            (Server: checking, Requests: fleet.Select(one => BenchLoad.Request("GET", "/anonymous", one.Host)).ToList()),
            (Server: checking, Requests: fleet.Select(one => BenchLoad.Request("GET", "/checked", one.Host, environment.TokenOf(one))).ToList()),
        }.Select(variant => (Func<Task<Sample>>)(() => environment.Cpu.MeasureAsync(variant.Server.Id, () => BenchLoad.RunAsync(variant.Server.Address, variant.Requests, Clients, Round)))).ToArray();

        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(variants);

        var rounds = await BenchRounds.RunAsync(variants);
        report.Ratio(this, "token, organization and permission, against a bare route", rounds.Ratio(2, 0), Target.Min(.75), rounds[2], rounds[0]);
        report.Ratio(this, "the organization alone, against a bare route", rounds.Ratio(1, 0), target: null, rounds[1], rounds[0]);
        report.Ratio(this, "the token alone, against a route that knows the organization", rounds.Ratio(2, 1), target: null, rounds[2], rounds[1]);
    }

    public override async Task ServeAsync(string[] args)
    {
        var checks = args is ["checking"];
        var builder = WebApplication.CreateBuilder();
        if (checks)
        {
            builder.Services.AddTenantResolution(builder.AddWebOptions()).AddSecrets().AddSignIn();
        }

        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        if (checks)
        {
            await app.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
            app.UseRouting();
            app.UseTenantResolution();
            app.UseAuthentication();
            app.UseTenantAgreement();
            app.UseAuthorization();
            app.MapGet("/checked", () => TypedResults.Text("ok")).RequireAuthorization(Permissions.ApproveMembers);
        }

        app.MapGet("/anonymous", () => TypedResults.Text("ok")).AllowAnonymous();
        await app.RunAsync();
    }
}
