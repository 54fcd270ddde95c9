using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A release brings one more step, and the process that migrates all organizations is killed half-way.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledMigrationTests(ApiFixture fixture)
{
    private const int Organizations = 100;
    private const int Half = Organizations / 2;

    // A second run over a schema would fail at CREATE, and leave a second row if it did not.
    private const string Step = "CREATE TABLE rehearsal (at timestamptz NOT NULL); INSERT INTO rehearsal VALUES (clock_timestamp());";

    [Fact] // FAULT-16
    public async Task Killed_half_way_it_resumes_touches_nobody_twice_and_both_versions_are_served_meanwhile()
    {
        // Both releases start while nobody is behind: a start in Development migrates.
        var database = await fixture.Postgres.CreateDatabaseAsync();
        await using var current = new TestApp(database, fixture.Smtp, configure: Nodes.WithoutJobs);
        current.StartServer();
        await using var next = new TestApp(database, fixture.Smtp, configure: services =>
        {
            Nodes.WithoutJobs(services);
            var schema = services.Single(service => service.ServiceType == typeof(TenantSchema)).ImplementationFactory!;
            services.AddSingleton(provider => ((TenantSchema)schema(provider)).With(Step));
        });
        next.StartServer();
        var organizations = await ProvisionAsync(current);

        // The run comes to the second half and waits there for the catalogue's rows, each worker inside one transaction.
        await using var owner = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using (var holder = await owner.OpenConnectionAsync())
        {
            await using var transaction = await holder.BeginTransactionAsync();
            await ExecuteAsync(holder, $"SELECT 1 FROM platform.organizations WHERE id IN (SELECT id FROM platform.organizations ORDER BY id OFFSET {Half}) FOR UPDATE");
            await using var killed = Start(database);
            await Eventually.HoldsAsync(
                async () => await CountAsync(owner, "platform.organizations WHERE schema_version = 2") == Half
                    && await CountAsync(owner, $"pg_stat_activity WHERE {holder.ProcessID} = ANY (pg_blocking_pids(pid))") > 0,
                "the run is half-way");
            await killed.KillAsync();
        }

        foreach (var node in new[] { current, next })
        {
            await RequireServedAsync(node, organizations[0], "migrated");
            await RequireServedAsync(node, organizations[^1], "not yet");
        }

        var behind = await CountAsync(owner, "platform.organizations WHERE schema_version = 1");
        await using var resumed = Start(database);
        var result = await resumed.EndedAsync();

        Assert.Equal((0, $"{behind} were behind: {behind} done, 0 failed"), (result.ExitCode, result.Output.Trim()));
        Assert.Equal(Organizations, await CountAsync(owner, "platform.organizations WHERE schema_version = 2 AND migration_error IS NULL"));
        Assert.Equal(Organizations, await CountAsync(owner, "pg_tables WHERE tablename = 'rehearsal'"));
        foreach (var organization in organizations)
        {
            Assert.Equal(1, await CountAsync(owner, $"{organization.Schema}.rehearsal"));
        }
    }

    private static ApiProcess Start(TestDatabase database) => ApiProcess.Launch(
        "Onboarding.Migrating.dll",
        new Dictionary<string, string?> { ["Database:ConnectionString"] = database.ApplicationConnectionString, ["Database:OwnerConnectionString"] = database.OwnerConnectionString },
        Step,
        "2");

    private static async Task<IReadOnlyList<Organization>> ProvisionAsync(TestApp app)
    {
        var organizations = Enumerable.Range(0, Organizations)
            .Select(i => Organization.Register($"rehearsal-{i}", $"Rehearsal {i}", "free", TimeProvider.System.GetUtcNow()))
            .OrderBy(o => o.Id, StringComparer.Ordinal).ToList();
        await using var platform = await app.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
        platform.Organizations.AddRange(organizations);
        await platform.SaveChangesAsync();
        await app.Services.GetRequiredService<MigrateOrganizations>().RunAsync(parallel: 4, progress: null, CancellationToken.None);
        return organizations;
    }

    private static async Task RequireServedAsync(TestApp node, Organization organization, string what)
    {
        using var client = node.ClientFor(organization.Identifier);
        var email = $"{Path.GetRandomFileName()}@example.test";
        var answer = await client.PostAsJsonAsync("/register", new { username = "ada", email, full_name = what });
        await answer.OkAsync(HttpStatusCode.Accepted);
    }

    private static async Task<long> CountAsync(NpgsqlDataSource owner, string rows)
    {
        await using var command = owner.CreateCommand($"SELECT count(*) FROM {rows}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
