using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>A connection that does not know a young organization's role: another one is asked.</summary>
public sealed class RoleUnseenTests(IsolationFixture fixture)
{
    [Fact] // SEC-4
    public async Task A_batch_asks_once_more_on_a_new_connection_and_not_for_ever()
    {
        var organization = await fixture.OrganizationAsync();
        await using (var dataSource = await FirstAsStrangerAsync(1))
        {
            await using var batch = TenantBatch.Of(dataSource);
            var names = new List<string>();
            batch.AddQuery(organization, row => names.Add(row.GetString(0)), "SELECT user_name FROM members");
            await batch.ExecuteAsync(TestContext.Current.CancellationToken);
            Assert.Equal([organization.Identifier], names);
        }

        await using (var dataSource = await FirstAsStrangerAsync(2))
        {
            await using var batch = TenantBatch.Of(dataSource);
            batch.Add(organization, "DELETE FROM members");
            Assert.True(TransientFailures.IsRoleUnseen(await Assert.ThrowsAsync<PostgresException>(() => batch.ExecuteAsync(TestContext.Current.CancellationToken))));
        }
    }

    [Fact] // SEC-48
    public async Task An_audit_log_is_proven_all_the_same()
    {
        var organization = await fixture.OrganizationAsync();
        await using var dataSource = await FirstAsStrangerAsync(1);
        Assert.True((await new AuditChain(dataSource).VerifyAsync(organization, expected: null, TestContext.Current.CancellationToken)).IsProven);
    }

    // The batch asks twice and the survey once more: of two organizations none is left out.
    [Fact]
    public async Task A_survey_leaves_nobody_out()
    {
        var organizations = new[] { await fixture.OrganizationAsync(), await fixture.OrganizationAsync() };
        await using var dataSource = await FirstAsStrangerAsync(2);
        var survey = new TenantSurvey(dataSource, TimeProvider.System, NullLogger<TenantSurvey>.Instance);
        var counted = await survey.AskAsync(organizations, "SELECT count(*) FROM members", row => row.GetInt64(0), TestContext.Current.CancellationToken);
        Assert.Equal(organizations.Select(o => (o.Key, 1L)).Order(), counted.Select(c => (c.Key, c.Value)).Order());
    }

    /// <summary>The application's connections, the first few of which are somebody's who has no organization's role.</summary>
    private async Task<NpgsqlDataSource> FirstAsStrangerAsync(int strangers)
    {
        await fixture.OwnerAsync<string>("DO $$ BEGIN CREATE ROLE stranger NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; SELECT ''");
        var opened = 0;
        var builder = new NpgsqlDataSourceBuilder(fixture.Database.OwnerConnectionString);
        builder.UsePhysicalConnectionInitializer(connection => Become(connection).ExecuteNonQuery(), connection => Become(connection).ExecuteNonQueryAsync());
        return builder.Build();

        NpgsqlCommand Become(NpgsqlConnection connection) =>
            new(Interlocked.Increment(ref opened) <= strangers ? "SET SESSION AUTHORIZATION stranger" : "SET SESSION AUTHORIZATION onboarding_app", connection);
    }
}
