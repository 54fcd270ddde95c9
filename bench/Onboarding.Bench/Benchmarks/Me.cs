using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-1. The baseline is what the same read costs an application without tenants: no token, no role, one schema.</summary>
internal sealed class Me : Benchmark
{
    private const int Clients = 32;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(4);

    // The product's own query (Features/SignIn/GetMe.cs), compiled like there.
    private static readonly Func<TenantDbContext, Guid, CancellationToken, Task<Row?>> Find = EF.CompileAsyncQuery(
        (TenantDbContext db, Guid id, CancellationToken cancellationToken) => db.Members.AsNoTracking()
            .Where(m => m.Id == id)
            .Select(m => new Row(m.Id, m.UserName!, m.Email!, m.FullName, m.Status, m.Role, m.TwoFactorEnabled))
            .SingleOrDefault());

    private sealed record Row(Guid Id, string UserName, string Email, string FullName, MemberStatus Status, string? Role, bool Mfa);

    public override string Id => "PERF-1";

    public override string Name => "me";

    public override string What => "GET /me by token and role, round robin over the organizations, against the same read on one schema";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync();
        var requests = fleet.Select(one => BenchLoad.Request("GET", "/me", one.Host, environment.TokenOf(one))).ToList();
        var first = fleet[0];
        await using var baseline = await environment.StartBaselineAsync(this, first.Organization.Schema);
        await using var api = await environment.StartApiAsync();
        var read = new[] { BenchLoad.Request("GET", $"/me/{first.Admin.Id}", "localhost") };
        var variants = new Func<TimeSpan, Task<Sample>>[]
        {
            duration => environment.Cpu.MeasureAsync(baseline.Id, () => BenchLoad.RunAsync(baseline.Address, read, Clients, duration)),
            duration => MeasureAsync(1, duration),
            duration => MeasureAsync(100, duration),
            duration => MeasureAsync(requests.Count, duration),
        };

        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(variants.Select(variant => (Func<Task<Sample>>)(() => variant(Round))).ToArray());

        var rounds = await BenchRounds.RunAsync(variants.Select(variant => (Func<Task<Sample>>)(() => variant(Round))).ToArray());
        report.Ratio(this, "1 organization", rounds.Ratio(1, 0), Target.Min(.70), rounds[1], rounds[0]);
        report.Ratio(this, "100 organizations", rounds.Ratio(2, 0), Target.Min(.50), rounds[2], rounds[0]);
        report.Ratio(this, "1,000 organizations", rounds.Ratio(3, 0), Target.Min(.43), rounds[3], rounds[0]);
        report.Ratio(this, "1,000 organizations, p99", rounds.Ratio(3, 0, sample => sample.Latency!.P99), Target.Max(4), rounds[3], rounds[0]);

        Task<Sample> MeasureAsync(int organizations, TimeSpan duration) =>
            environment.Cpu.MeasureAsync(api.Id, () => BenchLoad.RunAsync(api.Address, requests.Take(organizations).ToList(), Clients, duration));
    }

    public override async Task ServeAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddStrictJson();

        // The owner reads the schema without taking a role; everything else is the product's own tuning.
        var settings = new NpgsqlConnectionStringBuilder(builder.Configuration["Database:OwnerConnectionString"]) { SearchPath = args[0] };
        builder.Services.AddSingleton(DataSources.ForApplication(settings.ConnectionString));
        builder.Services.AddPooledDbContextFactory<TenantDbContext>((services, options) => options.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddScoped(services => services.GetRequiredService<IDbContextFactory<TenantDbContext>>().CreateDbContext());
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/me/{id:guid}", async (Guid id, TenantDbContext db, CancellationToken cancellationToken) =>
            await Find(db, id, cancellationToken) is { } row ? (IResult)TypedResults.Ok(Describe(row)) : TypedResults.NotFound());
        await app.RunAsync();
    }

    private static MeResponse Describe(Row row) => new(
        row.Id, row.UserName, row.Email, row.FullName, row.Status, row.Role,
        [.. (row.Role is null ? [] : Roles.BuiltIn[row.Role]).Order(StringComparer.Ordinal)],
        MeResponse.Example.Organization,
        row.Mfa);
}
