using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>Organizations in which nothing happens cost nothing.</summary>
public sealed class IdleOrganizationsTests(ApiFixture fixture)
{
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(5);

    [Fact] // HOOK-24
    public async Task Two_thousand_idle_organizations_cost_as_many_queries_as_one_and_nobody_looks_into_theirs()
    {
        var database = await fixture.Postgres.CreateDatabaseAsync();
        await using var app = new TestApp(database, fixture.Smtp);
        app.StartServer();
        for (var i = 0; i < 5; i++)
        {
            var organization = await TestOrganization.CreateAsync(app);
            using var admin = await organization.SignInAsync();
            await admin.AddEndpointAsync(new Uri("http://127.0.0.1:9/"), ["role.*"]);
            await organization.SettledAsync();
        }

        var owner = database.Owner;

        // PostgreSQL counts what a connection did up to ten seconds after it fell idle.
        await Task.Delay(TimeSpan.FromSeconds(12));

        // Rows of the catalogue are all that a look for work could depend on. What was counted late was done before.
        var one = await SpentAsync(owner);
        for (var again = 0; again < 5 && one.OfTenants > 0; again++)
        {
            one = await SpentAsync(owner);
        }

        await using (var platform = await app.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            var now = TimeProvider.System.GetUtcNow();
            platform.Organizations.AddRange(Enumerable.Range(0, 2_000).Select(n => Organization.Register($"idle-{n}", "Idle", "free", now)));
            await platform.SaveChangesAsync();
        }

        await using (var activate = owner.CreateCommand("UPDATE platform.organizations SET status = 'active', schema_version = 1000000 WHERE identifier LIKE 'idle-%'"))
        {
            Assert.Equal(2_000, await activate.ExecuteNonQueryAsync());
        }

        var many = await SpentAsync(owner);

        // A single look at each of them would be two thousand more; and the product does look for work meanwhile. On a busy
        // machine one time may be longer than the other.
        var longer = Math.Max(1, many.Seconds / one.Seconds);
        Assert.InRange(many.Transactions, 1, (one.Transactions * longer) + 200);
        Assert.InRange(many.Scans, 1, (one.Scans * longer) + 200);
        Assert.Equal((0, 0), (one.OfTenants, many.OfTenants));
    }

    /// <summary>What the product has PostgreSQL do in five seconds.</summary>
    private static async Task<Spent> SpentAsync(NpgsqlDataSource owner)
    {
        var before = await CountAsync(owner);
        await Task.Delay(Watch);
        var now = await CountAsync(owner);
        return new(now.Seconds - before.Seconds, now.Transactions - before.Transactions, now.Scans - before.Scans, now.OfTenants - before.OfTenants);
    }

    private static async Task<Spent> CountAsync(NpgsqlDataSource owner)
    {
        const string Count = """
            SELECT pg_stat_force_next_flush(), (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
              sum(seq_scan + coalesce(idx_scan, 0))::bigint,
              sum(seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del) FILTER (WHERE schemaname LIKE 'org\_%')::bigint,
              count(DISTINCT schemaname) FILTER (WHERE schemaname LIKE 'org\_%')
            FROM pg_stat_user_tables
            """;
        await using var command = owner.CreateCommand(Count);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal(5, reader.GetInt64(4));
        return new(Stopwatch.GetElapsedTime(0).TotalSeconds, reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    /// <param name="Seconds">When it was counted, or between two counts.</param>
    /// <param name="Transactions">Those that ended; there is no other way to hear of all of them.</param>
    /// <param name="Scans">Every look of a statement at a table or an index.</param>
    /// <param name="OfTenants">Every look at a table of an organization, and every change there.</param>
    private sealed record Spent(double Seconds, long Transactions, long Scans, long OfTenants);
}
