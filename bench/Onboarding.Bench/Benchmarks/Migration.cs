using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-4. A release that adds a column and an index to each organization.</summary>
internal sealed class Migration : Benchmark
{
    private const int Parallelism = 4;
    private const int Checks = 20;

    private readonly List<string> steps = [];

    public override string Id => "PERF-4";

    public override string Name => "migration";

    public override string What => "1,000 organizations: nothing to do; a column and an index, against the statements alone; killed half-way";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        var fleet = await environment.FleetAsync();

        // Warm: the first run pays for connections and for what the runtime compiles.
        await RunStepAsync(environment, Statements("warm"));
        await AloneAsync(environment, fleet, Statements("alone_warm"));
        await CheckAsync(environment, report);

        var round = 0;
        var rounds = await BenchRounds.RunAsync(
            () => AloneAsync(environment, fleet, Statements($"alone_{++round}")),
            () => RunStepAsync(environment, Statements($"step_{round}")));
        report.Absolute(this, "column and index on 1,000, 4 in parallel; baseline: the statements alone", Target.Max(5), rounds[1], rounds[0]);
        await KillAsync(environment, report);
    }

    // Nobody knows these columns, so they may stay: the other benchmarks run with them.
    private static string Statements(string name) => $"ALTER TABLE members ADD COLUMN bench_{name} text; CREATE INDEX ix_bench_{name} ON members (bench_{name});";

    private async Task CheckAsync(BenchEnvironment environment, BenchReport report)
    {
        var migrate = Migrate(environment);
        var latencies = new int[Checks];
        for (var i = 0; i < Checks; i++)
        {
            var started = Stopwatch.GetTimestamp();
            if (await migrate.RunAsync(Parallelism, progress: null, CancellationToken.None) is not { Total: 0 })
            {
                throw new InvalidOperationException("Somebody was behind.");
            }

            latencies[i] = (int)Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        var percentiles = Percentiles.Of(latencies);
        report.Absolute(this, "nothing to do", Target.Max(50), new(percentiles.P50, "ms", percentiles));
    }

    private async Task<Sample> RunStepAsync(BenchEnvironment environment, string step)
    {
        steps.Add(step);
        var started = Stopwatch.GetTimestamp();
        var result = await Migrate(environment).RunAsync(Parallelism, progress: null, CancellationToken.None);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return result is { Total: BenchEnvironment.Fleet, Done: BenchEnvironment.Fleet }
            ? new(elapsed.TotalSeconds, "s", Errors: result.Failed)
            : throw new InvalidOperationException($"Migrated {result.Done} of {result.Total}.");
    }

    private static async Task<Sample> AloneAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> fleet, string statements)
    {
        var owner = environment.Services.GetRequiredService<OwnerDataSource>().Value;
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(fleet, new ParallelOptions { MaxDegreeOfParallelism = Parallelism }, async (one, cancellationToken) =>
        {
            await using var command = owner.CreateCommand($"SELECT set_config('search_path', '{one.Organization.Schema}', true); {statements}");
            await command.ExecuteNonQueryAsync(cancellationToken);
        });
        return new(Stopwatch.GetElapsedTime(started).TotalSeconds, "s");
    }

    /// <summary>The process that migrates is killed when half is done, and a second one finishes. Each step notes that it ran.</summary>
    private async Task KillAsync(BenchEnvironment environment, BenchReport report)
    {
        await environment.ExecuteAsync("CREATE TABLE platform.bench_touched (organization text NOT NULL)");
        const string Note = "INSERT INTO platform.bench_touched VALUES (current_setting('search_path'));";
        var latest = environment.Services.GetRequiredService<TenantSchema>().Latest;
        var unchanged = string.Create(CultureInfo.InvariantCulture, $"UPDATE platform.organizations SET schema_version = {latest}");
        var migrated = string.Create(CultureInfo.InvariantCulture, $"platform.organizations WHERE schema_version = {latest + 1}");
        await environment.ExecuteAsync(unchanged);
        var step = Statements("killed") + Note;
        await using (var killed = Start(environment, step))
        {
            while (await CountAsync(environment, migrated) < BenchEnvironment.Fleet / 2)
            {
                await Task.Delay(20);
            }

            await killed.KillAsync();
        }

        var left = BenchEnvironment.Fleet - await CountAsync(environment, migrated);
        var started = Stopwatch.GetTimestamp();
        await using var resumed = Start(environment, step);
        var result = await resumed.EndedAsync();
        var elapsed = Stopwatch.GetElapsedTime(started);
        var touched = await CountAsync(environment, "platform.bench_touched");
        if (result.ExitCode != 0 || touched < BenchEnvironment.Fleet)
        {
            throw new InvalidOperationException($"The resumed run touched {touched} of {BenchEnvironment.Fleet}:\n{result.Output}\n{result.Error}");
        }

        var twice = await CountAsync(environment, "(SELECT FROM platform.bench_touched GROUP BY organization HAVING count(*) > 1) AS twice");
        report.Absolute(this, "killed half-way and resumed: touched twice", Target.Max(0), new(twice, "organizations"));
        report.Absolute(this, string.Create(CultureInfo.InvariantCulture, $"the second process, for the {left} left"), target: null, new(elapsed.TotalSeconds, "s"));
        await environment.ExecuteAsync($"{unchanged}; DROP TABLE platform.bench_touched");
    }

    private MigrateOrganizations Migrate(BenchEnvironment environment)
    {
        var services = environment.Services;
        return new(
            services.GetRequiredService<IDbContextFactory<PlatformDbContext>>(),
            services.GetRequiredService<OwnerDataSource>(),
            services.GetRequiredService<TenantSchema>().With([.. steps]),
            services.GetRequiredService<ProvisionOrganization>());
    }

    private static ApiProcess Start(BenchEnvironment environment, string step) => ApiProcess.Launch(
        "Onboarding.Migrating.dll", environment.Settings(), step, Parallelism.ToString(CultureInfo.InvariantCulture));

    private static async Task<long> CountAsync(BenchEnvironment environment, string rows)
    {
        await using var command = environment.Postgres.CreateCommand($"SELECT count(*) FROM {rows}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
