using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>Whatever way a line comes into an audit log, it has one seal, and the chain has no gap and no fork (SEC-48).</summary>
public sealed class AuditSealTests(IsolationFixture fixture)
{
    [Fact] // SEC-48
    public async Task A_hundred_that_write_at_once_break_no_chain()
    {
        var a = await fixture.OrganizationAsync();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => Task.Run(() => LineAsync(a, number))));

        var head = await ProvenAsync(a);
        Assert.Equal(101, head.Count);
        Assert.Equal([101L], await fixture.OwnerAsync<long>($"SELECT count(*) FROM {a.Schema}.audit_log"));

        async Task LineAsync(Organization organization, int number) => await fixture.InAsync(organization, db =>
        {
            db.Audit("parallel.written", Actor.System, null, $"{number}", TimeProvider.System.GetUtcNow());
            return db.SaveChangesAsync();
        });
    }

    // Locked until its writer's COMMIT is on the disk, one chain would have them flush one after the other.
    [Fact] // SEC-48
    public async Task Who_commits_while_another_does_waits_for_nobody_and_has_a_chain_of_its_own()
    {
        var a = await fixture.OrganizationAsync();
        await using var connection = await OpenAsync();
        await RunAsync(connection, $"BEGIN; {As(a)}; {Insert(a, "slow", 1)}; SET CONSTRAINTS ALL IMMEDIATE");
        await WriteAsync(a, Insert(a, "quick", 2)).WaitAsync(TimeSpan.FromSeconds(20));
        await RunAsync(connection, $"{Insert(a, "slow", 1)}; COMMIT");

        Assert.Equal("3.2", (await ProvenAsync(a)).Lanes);
        var id = Assert.Single(await fixture.OwnerAsync<Guid>($"UPDATE {a.Schema}.audit_log SET note = 'else' WHERE action = 'quick' AND note = '2' RETURNING id"));
        var found = Assert.Single((await VerifyAsync(a)).Findings);
        Assert.Equal((AuditFault.EntryChanged, (short?)1, 2L, id), (found.Fault, found.Lane, found.Sequence, found.EntryId));
    }

    // More than there are chains: the rest wait, and go on.
    [Fact] // SEC-48
    public async Task Where_every_chain_is_taken_a_writer_waits_for_one()
    {
        var a = await fixture.OrganizationAsync();
        var connections = new List<NpgsqlConnection>();
        for (var lane = 0; lane < AuditSealing.Lanes; lane++)
        {
            connections.Add(await OpenAsync());
            await RunAsync(connections[^1], $"BEGIN; {As(a)}; {Insert(a, "slow", 1)}; SET CONSTRAINTS ALL IMMEDIATE");
        }

        var waiting = WriteAsync(a, Insert(a, "waits", 1));
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromMilliseconds(300))));
        foreach (var connection in connections)
        {
            await RunAsync(connection, "COMMIT");
            await connection.DisposeAsync();
        }

        await waiting;
        Assert.Equal(AuditSealing.Lanes + 2, (await ProvenAsync(a)).Count);
    }

    [Fact] // SEC-48
    public async Task Many_lines_of_one_statement_are_sealed_in_the_order_in_which_they_came()
    {
        var a = await fixture.OrganizationAsync();
        await WriteAsync(a, Insert(a, "bulk", 2300));

        Assert.Equal(2301, (await ProvenAsync(a)).Count);
        Assert.Equal(["t"], await fixture.OwnerAsync<string>($"SELECT bool_and(note::int = sequence - 1)::text::char::text FROM {a.Schema}.audit_seals JOIN {a.Schema}.audit_log ON id = entry_id WHERE action = 'bulk'"));
    }

    [Fact] // SEC-48
    public async Task What_is_rolled_back_to_a_savepoint_has_no_seal()
    {
        var a = await fixture.OrganizationAsync();

        await using var connection = await OpenAsync();
        await RunAsync(connection, $"BEGIN; {As(a)}; {Insert(a, "kept", 1)}; SAVEPOINT s; {Insert(a, "undone", 3)}; ROLLBACK TO s; {Insert(a, "kept", 1)}; COMMIT");

        Assert.Equal(3, (await ProvenAsync(a)).Count);
    }

    // An older snapshot does not see the last seal: it fails, and the chain is not forked.
    [Theory] // SEC-48
    [InlineData("REPEATABLE READ")]
    [InlineData("SERIALIZABLE")]
    public async Task Who_sees_an_older_state_fails_when_somebody_wrote_meanwhile(string isolation)
    {
        var a = await fixture.OrganizationAsync();
        await using var connection = await OpenAsync();
        await RunAsync(connection, $"BEGIN ISOLATION LEVEL {isolation}; {As(a)}; SELECT count(*) FROM {a.Schema}.audit_log; {Insert(a, "late", 1)}");
        await WriteAsync(a, Insert(a, "meanwhile", 1));
        Assert.Equal("40001", (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, "COMMIT"))).SqlState);
        Assert.Equal(2, (await ProvenAsync(a)).Count);
        await RunAsync(connection, $"BEGIN ISOLATION LEVEL {isolation}; {As(a)}; {Insert(a, "late", 1)}; COMMIT");
        Assert.Equal(3, (await ProvenAsync(a)).Count);
    }

    // Of one implicit transaction, too.
    [Fact] // SEC-48
    public async Task A_line_that_cannot_be_sealed_is_not_written_and_its_writer_hears_of_it()
    {
        var a = await fixture.OrganizationAsync();
        await fixture.OwnerAsync<string>($"ALTER TABLE {a.Schema}.audit_seals ADD CONSTRAINT full_disk CHECK (sequence < 2) NOT VALID");

        Assert.Equal("23514", await fixture.SqlStateAsync(a, Insert(a, "lost", 1)));
        Assert.Equal("23514", (await Assert.ThrowsAsync<PostgresException>(() => fixture.InAsync(a, db =>
        {
            db.Audit("lost", Actor.System, null, null, TimeProvider.System.GetUtcNow());
            return db.SaveChangesAsync();
        }))).SqlState);

        Assert.Equal([0L], await fixture.OwnerAsync<long>($"SELECT count(*) FROM {a.Schema}.audit_log WHERE action = 'lost'"));
        Assert.Equal(1, (await ProvenAsync(a)).Count);
    }

    [Fact] // SEC-48
    public async Task Whatever_the_session_is_set_to_the_hash_is_the_same()
    {
        var a = await fixture.OrganizationAsync();
        await WriteAsync(a, $"SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL bytea_output = 'escape'; SET LOCAL extra_float_digits = -10; {Insert(a, "Ünïcode ☃ \"\\", 2)}");

        await ProvenAsync(a);
    }

    [Fact] // SEC-48
    public async Task A_line_that_is_gone_is_not_replaced_by_another_of_its_id()
    {
        var a = await fixture.OrganizationAsync();
        var id = Assert.Single(await fixture.OwnerAsync<Guid>($"DELETE FROM {a.Schema}.audit_log RETURNING id"));

        Assert.Equal("23505", await fixture.SqlStateAsync(a, $"INSERT INTO {a.Schema}.audit_log (id, occurred_at, action, actor_kind) VALUES ('{id}', now(), 'forged', 'system')"));
    }

    // The schema as it was before, with lines in it; the migration's own step seals them.
    [Fact] // SEC-48
    public async Task An_organization_from_before_seals_serves_and_its_lines_are_sealed_by_the_migration()
    {
        var a = await fixture.OrganizationAsync();
        await WriteAsync(a, Insert(a, "old", 5));
        await fixture.OwnerAsync<string>($"DROP TABLE {a.Schema}.audit_seals; DROP FUNCTION {a.Schema}.seal_audit_entry() CASCADE");
        await WriteAsync(a, Insert(a, "old", 1));
        Assert.Equal(AuditFault.NoSeals, Assert.Single((await VerifyAsync(a)).Findings).Fault);

        var step = await fixture.InAsync(a, db => Task.FromResult(db.Database.GetMigrations().ToList().FindIndex(name => name.EndsWith("_AuditSeals", StringComparison.Ordinal))));
        var schema = fixture.Services.GetRequiredService<TenantSchema>();
        await fixture.OwnerAsync<string>($"SELECT set_config('search_path', '{a.Schema}', true); {schema.ScriptFrom(step)[..^schema.ScriptFrom(step + 1).Length]} {ProvisionOrganization.Grants(a)}");

        Assert.Equal(7, (await ProvenAsync(a)).Count);
        await WriteAsync(a, Insert(a, "new", 2));
        Assert.Equal(9, (await ProvenAsync(a)).Count);
        Assert.Equal("42501", await fixture.SqlStateAsync(a, $"DELETE FROM {a.Schema}.audit_seals"));
    }

    // A copy under another id and another schema's name, lines and seals as they are.
    [Fact] // SEC-48
    public async Task A_copy_of_an_organization_proves_the_same_and_goes_on()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        await WriteAsync(a, Insert(a, "copied", 10));
        await fixture.OwnerAsync<string>($"""
            SELECT set_config('search_path', '{b.Schema}', true);
            DELETE FROM audit_log; DELETE FROM audit_seals;
            {AuditSealing.Tenant.Pause}
            INSERT INTO audit_log SELECT * FROM {a.Schema}.audit_log; INSERT INTO audit_seals SELECT * FROM {a.Schema}.audit_seals;
            {AuditSealing.Tenant.Resume}
            """);

        Assert.Equal(await ProvenAsync(a), await ProvenAsync(b));
        await WriteAsync(b, Insert(b, "its own", 1));
        Assert.Equal(12, (await ProvenAsync(b)).Count);

        // Nobody but the owner may do that.
        foreach (var statement in new[] { AuditSealing.Tenant.Pause, AuditSealing.Tenant.Resume })
        {
            Assert.Equal("42501", await fixture.SqlStateAsync(a, $"SELECT set_config('search_path', '{a.Schema}', true); {statement}"));
            Assert.Equal("42501", await fixture.SqlStateAsync(null, statement.Replace("audit_log", $"{a.Schema}.audit_log", StringComparison.Ordinal)));
        }
    }

    private static string As(Organization organization) => $"SELECT set_config('role', '{organization.Schema}', true)";

    private static string Insert(Organization organization, string action, int count) =>
        $"INSERT INTO {organization.Schema}.audit_log (id, occurred_at, action, actor_kind, note) SELECT gen_random_uuid(), clock_timestamp(), '{action}', 'system', n::text FROM generate_series(1, {count}) AS n";

    private async Task WriteAsync(Organization organization, string sql) => await fixture.AsRoleAsync(organization, sql);

    private Task<AuditReport> VerifyAsync(Organization organization) => fixture.Services.GetRequiredService<AuditChain>().VerifyAsync(organization, null, CancellationToken.None);

    private async Task<AuditHead> ProvenAsync(Organization organization)
    {
        var report = await VerifyAsync(organization);
        Assert.True(report.IsProven, string.Join('\n', report.Findings));
        return report.Head!;
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(fixture.Database.ApplicationConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    [SuppressMessage("Security", "CA2100", Justification = "The SQL is the test's own.")]
    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
