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
    [Fact] // HOOK-24
    public async Task Two_thousand_idle_organizations_cost_as_many_queries_as_one()
    {
        var database = await fixture.Postgres.CreateDatabaseAsync();
        await using var app = new TestApp(database, fixture.Smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(new Uri("http://127.0.0.1:9/"));
        await organization.SettledAsync();
        await using var owner = NpgsqlDataSource.Create(database.OwnerConnectionString);

        // Rows of the catalogue are all that a look for work could depend on.
        var one = await TransactionsAsync(owner);
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

        var many = await TransactionsAsync(owner);

        // A single look at each of them would be two thousand more.
        Assert.InRange(many, 1, one + 200);
    }

    /// <summary>How many transactions the product runs in five seconds; there is no other way to hear of all of them.</summary>
    private static async Task<long> TransactionsAsync(NpgsqlDataSource owner)
    {
        const string Count = "SELECT pg_stat_force_next_flush(), xact_commit FROM pg_stat_database WHERE datname = current_database()";
        var before = await ReadAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        return await ReadAsync() - before;

        async Task<long> ReadAsync()
        {
            await using var command = owner.CreateCommand(Count);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            return reader.GetInt64(1);
        }
    }
}
