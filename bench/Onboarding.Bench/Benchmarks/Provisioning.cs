using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-3. What EF offers by itself, the bare tables in one script, and the product with role, grants and catalogue.</summary>
internal sealed class Provisioning : Benchmark
{
    private const int Parallelism = 4;
    private const int ByEf = 8;
    private const int ByScript = 40;

    private int made;

    public override string Id => "PERF-3";

    public override string Name => "provisioning";

    public override string What => "provisioning 4 in parallel, against EF's Migrate() one by one and against the bare script";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        // A database of its own: organizations that stay would change what the others measure.
        var database = await environment.CreateDatabaseAsync();
        await using var product = BenchEnvironment.Compose(environment.Settings(database));
        await product.Services.GetRequiredService<PreparePlatform>().RunAsync(CancellationToken.None);
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync();

        var variants = new Func<int, Task<Sample>>[]
        {
            count => MigrateAsync(connection, count),
            count => ScriptAsync(product.Services, count),
            count => ProvisionAsync(product.Services, count),
        };
        foreach (var variant in variants)
        {
            await variant(Parallelism);
        }

        var rounds = await BenchRounds.RunAsync(() => variants[0](ByEf), () => variants[1](ByScript), () => variants[2](ByScript));
        report.Ratio(this, "4 in parallel, against EF's Migrate() one by one", rounds.Ratio(2, 0), Target.Min(3), rounds[2], rounds[0]);

        // Of times, not of rates: how much longer it takes.
        report.Ratio(this, "time of one, against the bare script", 1 / rounds.Ratio(2, 1), Target.Max(1.3), rounds[2], rounds[1]);
    }

    private async Task<Sample> MigrateAsync(NpgsqlConnection connection, int count)
    {
        var times = new Times();
        for (var i = 0; i < count; i++)
        {
            var schema = Schema();
            await ExecuteAsync(connection, $"CREATE SCHEMA {schema}; SELECT set_config('search_path', '{schema}', false);");
            await times.AddAsync(async () =>
            {
                await using var db = new TenantDbContext((DbContextOptions<TenantDbContext>)new DbContextOptionsBuilder<TenantDbContext>()
                    .UseNpgsql(connection, npgsql => npgsql.MigrationsHistoryTable("migrations", schema)).Options);
                await db.Database.MigrateAsync();
            });
        }

        return times.Sample(count);
    }

    private async Task<Sample> ScriptAsync(IServiceProvider services, int count)
    {
        var owner = services.GetRequiredService<OwnerDataSource>().Value;
        var script = services.GetRequiredService<TenantSchema>().ScriptFrom(0);
        var schemas = Enumerable.Range(0, count).Select(_ => Schema()).ToList();
        var times = new Times();
        await Parallel.ForEachAsync(schemas, new ParallelOptions { MaxDegreeOfParallelism = Parallelism }, async (schema, cancellationToken) => await times.AddAsync(async () =>
        {
            await using var command = owner.CreateCommand($"CREATE SCHEMA {schema}; SELECT set_config('search_path', '{schema}', true); {script}");
            await command.ExecuteNonQueryAsync(cancellationToken);
        }));
        return times.Sample(count);
    }

    private async Task<Sample> ProvisionAsync(IServiceProvider services, int count)
    {
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var organizations = Enumerable.Range(0, count).Select(_ => Organization.Register($"made-{++made}", "Made", "free", now)).ToList();
        await using (var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            db.Organizations.AddRange(organizations);
            await db.SaveChangesAsync();
        }

        var provision = services.GetRequiredService<ProvisionOrganization>();
        var times = new Times();
        await Parallel.ForEachAsync(organizations, new ParallelOptions { MaxDegreeOfParallelism = Parallelism }, async (organization, cancellationToken) =>
            await times.AddAsync(() => provision.RunAsync(organization, cancellationToken)));
        return times.Sample(count);
    }

    private string Schema() => $"made_{++made}";

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>How long each took, and all together.</summary>
    private sealed class Times
    {
        private readonly long started = Stopwatch.GetTimestamp();
        private readonly List<int> each = [];

        public async Task AddAsync(Func<Task> work)
        {
            var begun = Stopwatch.GetTimestamp();
            await work();
            lock (each)
            {
                each.Add((int)Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
            }
        }

        public Sample Sample(int count) => new(count / Stopwatch.GetElapsedTime(started).TotalSeconds, "/s", Percentiles.Of([.. each]));
    }
}
