using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
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

    public override string What => "check of a JSON Web Token and of an API key, against a bare route";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync(Members);
        await using var bare = await environment.StartBaselineAsync(this, "bare");
        await using var checking = await environment.StartBaselineAsync(this, "checking");
        await using var forgetful = await environment.StartBaselineAsync(this, "checking", "forgetful");
        var keys = await KeysAsync(environment, fleet);
        var variants = new[]
        {
            (Server: bare, Requests: fleet.Select(one => BenchLoad.Request("GET", "/anonymous", one.Host)).ToList()),
            (Server: checking, Requests: fleet.Select(one => BenchLoad.Request("GET", "/anonymous", one.Host)).ToList()),
            (Server: checking, Requests: fleet.Select(one => BenchLoad.Request("GET", "/checked", one.Host, environment.TokenOf(one))).ToList()),
            (Server: checking, Requests: fleet.Zip(keys, (one, key) => BenchLoad.Request("GET", "/checked", one.Host, key)).ToList()),
            (Server: forgetful, Requests: fleet.Zip(keys, (one, key) => BenchLoad.Request("GET", "/checked", one.Host, key)).ToList()),
        }.Select(variant => (Func<Task<Sample>>)(() => environment.Cpu.MeasureAsync(variant.Server.Id, () => BenchLoad.RunAsync(variant.Server.Address, variant.Requests, Clients, Round)))).ToArray();

        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(variants);

        var rounds = await BenchRounds.RunAsync(variants);
        report.Ratio(this, "token, organization and permission, against a bare route", rounds.Ratio(2, 0), Target.Min(.75), rounds[2], rounds[0]);
        report.Ratio(this, "API key that is remembered, organization and permission, against a bare route", rounds.Ratio(3, 0), Target.Min(.75), rounds[3], rounds[0]);
        report.Ratio(this, "API key from the database, organization and permission, against a bare route", rounds.Ratio(4, 0), Target.Min(.20), rounds[4], rounds[0]);
        report.Ratio(this, "the organization alone, against a bare route", rounds.Ratio(1, 0), target: null, rounds[1], rounds[0]);
        report.Ratio(this, "the token alone, against a route that knows the organization", rounds.Ratio(2, 1), target: null, rounds[2], rounds[1]);
    }

    /// <summary>A key for each organization.</summary>
    private static async Task<IReadOnlyList<string>> KeysAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> fleet)
    {
        var scope = environment.Services.GetRequiredService<TenantScope>();
        var now = environment.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var keys = new List<string>();
        foreach (var one in fleet)
        {
            keys.Add(await scope.RunAsync(one.Organization, async services =>
            {
                var db = services.GetRequiredService<TenantDbContext>();
                var (key, token, _) = ApiKey.Create(
                    one.Organization.Key, owner: null, new ApiKeyChange("bench", [Permissions.ApproveMembers], ExpiresAt: now.AddDays(1)), by: null, now);
                db.ApiKeys.Add(key);
                await db.SaveChangesAsync();
                return token;
            }));
        }

        return keys;
    }

    public override async Task ServeAsync(string[] args)
    {
        var checks = args is ["checking", ..];
        var builder = WebApplication.CreateBuilder();
        if (checks)
        {
            builder.Services.AddTenantResolution(builder.AddWebOptions()).AddSecrets().AddSignIn();
            if (args is [_, "forgetful"])
            {
                // One for each request remembers nothing.
                builder.Services.AddTransient<KnownApiKeys>();
            }
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
