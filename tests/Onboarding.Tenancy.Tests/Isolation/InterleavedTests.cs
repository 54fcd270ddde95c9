using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>Adversarial isolation tests 1, 2 and 9: many organizations over few connections.</summary>
public sealed class InterleavedTests(IsolationFixture fixture)
{
    // SEC-4, adversarial isolation test 1
    [Fact]
    public async Task Ten_thousand_interleaved_requests_over_one_connection_never_see_anothers_row()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        await using var services = fixture.Build($"{fixture.Database.ApplicationConnectionString};Maximum Pool Size=1;Timeout=60");

        await new Storm(services, a, b).RunAsync(10_000);

        await EveryRowHasItsOwnerAsync(a, b);
    }

    // SEC-4, adversarial isolation test 2: 8 clients share one server connection, a transaction each.
    [Fact]
    public async Task The_same_holds_behind_a_pooler_in_transaction_mode()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        await using var pooler = await PgBouncer.StartAsync(fixture.Postgres.Server.Port, "onboarding_app", "test-only");
        var through = new NpgsqlConnectionStringBuilder(fixture.Database.ApplicationConnectionString)
        {
            Host = "127.0.0.1",
            Port = pooler.Port,
            MaxPoolSize = 8,
            MaxAutoPrepare = 0, // prepared statements belong to a server connection
            Timeout = 60,
        };
        await using var services = fixture.Build(through.ConnectionString);

        await new Storm(services, a, b).RunAsync(10_000);

        await EveryRowHasItsOwnerAsync(a, b);
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT concat_ws(' ', current_setting('role'), current_setting('search_path'))");
        Assert.Equal("none nobody", await command.ExecuteScalarAsync());
    }

    // Adversarial isolation test 9: the ambient organization of whoever starts work is not the work's.
    [Fact]
    public async Task Work_that_outlives_its_scope_and_work_inside_anothers_keep_their_own_organization()
    {
        var organizations = new List<Organization>();
        for (var i = 0; i < 4; i++)
        {
            organizations.Add(await fixture.OrganizationAsync());
        }

        var wrong = new ConcurrentQueue<string>();
        var forgotten = new ConcurrentQueue<Task>();
        Parallel.ForEach(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var (outer, inner) = (organizations[i % 4], organizations[(i / 4) % 4]);
            fixture.InAsync(outer, async db =>
            {
                // Nobody waits for these: they run on while the outer scope ends.
                forgotten.Enqueue(Task.Run(() => CheckAsync(inner, wrong)));
                forgotten.Enqueue(CheckAsync(inner, wrong));
                Check(outer, await db.Members.Select(m => m.UserName).SingleAsync(), wrong);
                return 0;
            }).GetAwaiter().GetResult();
        });
        await Task.WhenAll(forgotten);

        Assert.Empty(wrong);
        await using var scope = fixture.Services.CreateAsyncScope();
        await Assert.ThrowsAsync<TenantRequiredException>(() => scope.ServiceProvider.GetRequiredService<TenantDbContext>().Members.CountAsync());
    }

    // Adversarial isolation test 9: a context that outlives its lease runs nothing any more.
    [Fact]
    public async Task A_context_carried_out_of_its_scope_runs_nothing()
    {
        var a = await fixture.OrganizationAsync();
        var carried = await fixture.InAsync(a, Task.FromResult);

        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => carried.Members.ToListAsync());
    }

    private async Task EveryRowHasItsOwnerAsync(Organization a, Organization b)
    {
        foreach (var organization in new[] { a, b })
        {
            Assert.Equal([organization.Identifier], await fixture.OwnerAsync<string>($"SELECT DISTINCT note FROM {organization.Schema}.audit_log WHERE action = 'storm'"));
            Assert.Empty(await fixture.OwnerAsync<string>($"SELECT note FROM {organization.Schema}.audit_log WHERE action = 'rolled.back'"));
        }
    }

    private Task CheckAsync(Organization organization, ConcurrentQueue<string> wrong) => fixture.InAsync(organization, async db =>
    {
        Check(organization, await db.Members.Select(m => m.UserName).SingleAsync(), wrong);
        return 0;
    });

    private static void Check(Organization organization, string? name, ConcurrentQueue<string> wrong)
    {
        if (name != organization.Identifier)
        {
            wrong.Enqueue($"{organization.Identifier} read {name}");
        }
    }
}
