using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>What PostgreSQL itself refuses, whatever the code above it gets wrong (SEC-4, SEC-48).</summary>
public sealed class DatabaseDeniesTests(IsolationFixture fixture)
{
    private const string Denied = "42501";
    private const string Unknown = "42P01";

    // SEC-4
    [Fact]
    public async Task The_role_of_one_organization_reads_its_own_schema_and_no_other()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());

        Assert.Equal([a.Identifier], await fixture.AsRoleAsync(a, $"SELECT user_name FROM {a.Schema}.members"));
        foreach (var statement in new[]
        {
            $"SELECT user_name FROM {b.Schema}.members",
            $"INSERT INTO {b.Schema}.audit_log SELECT * FROM {b.Schema}.audit_log",
            $"UPDATE {b.Schema}.members SET full_name = 'x'",
            $"DELETE FROM {b.Schema}.members",
            $"DROP SCHEMA {b.Schema} CASCADE",
            $"CREATE TABLE {b.Schema}.t ()",
            $"CREATE TABLE {a.Schema}.t ()",
        })
        {
            Assert.Equal((statement, Denied), (statement, await fixture.SqlStateAsync(a, statement)));
        }
    }

    // SEC-4: the one thing that a tenant's role may do outside its schema.
    [Fact]
    public async Task A_tenants_role_inserts_its_own_pointers_and_can_neither_read_them_nor_insert_anothers()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());

        await fixture.AsRoleAsync(a, Pointer(a));
        Assert.Equal(Denied, await fixture.SqlStateAsync(a, Pointer(b)));
        foreach (var statement in new[]
        {
            "SELECT kind FROM platform.work", "UPDATE platform.work SET attempt = 0", "DELETE FROM platform.work", "TRUNCATE platform.work",
            Pointer(a) + " RETURNING kind",
        })
        {
            Assert.Equal((statement, Denied), (statement, await fixture.SqlStateAsync(a, statement)));
        }

        static string Pointer(Organization of) =>
            $"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{of.Key}', 'event', gen_random_uuid(), now() + interval '1 year', 0)";
    }

    // SEC-4: all organizations' pointers are claimed together, and one whose attempts cannot be counted on would end that for everybody.
    [Theory]
    [InlineData("'event', now(), 2147483647, NULL")]
    [InlineData("'event', now(), 1, NULL")]
    [InlineData("'event', 'infinity', 0, NULL")]
    [InlineData("'event', '-infinity', 0, NULL")]
    [InlineData("'event', now(), 0, gen_random_uuid()")]
    [InlineData("'endpoint', now(), 0, NULL")]
    [InlineData("'billing', now(), 0, NULL")]
    [InlineData("'found', now(), 0, NULL")]
    [InlineData("'', now(), 0, NULL")]
    public async Task A_tenants_role_inserts_no_pointers_but_new_ones_of_its_own_kinds(string values)
    {
        var a = await fixture.OrganizationAsync();

        Assert.Equal(Denied, await fixture.SqlStateAsync(a, $"INSERT INTO platform.work (id, organization_id, ref_id, kind, due_at, attempt, claim_id) VALUES (gen_random_uuid(), '{a.Key}', gen_random_uuid(), {values})"));
    }

    // SEC-48: nobody may take such a line away again.
    [Theory]
    [InlineData("'20000-01-01 00:00:00Z', 'member'")]
    [InlineData("'10000-01-01 00:00:00Z', 'member'")]
    [InlineData("'infinity', 'member'")]
    [InlineData("'-infinity', 'member'")]
    [InlineData("'0044-03-15 00:00:00Z BC', 'member'")]
    [InlineData("now(), 'nobody'")]
    [InlineData("now(), ''")]
    public async Task A_tenants_role_adds_no_line_to_its_audit_log_that_nobody_could_read(string values)
    {
        var a = await fixture.OrganizationAsync();

        Assert.Equal("23514", await fixture.SqlStateAsync(a, Line(a, values)));
    }

    // SEC-48
    [Fact]
    public async Task Every_kind_of_actor_and_the_last_moment_of_all_can_be_logged()
    {
        var a = await fixture.OrganizationAsync();

        foreach (var kind in Enum.GetNames<ActorKind>())
        {
            await fixture.AsRoleAsync(a, Line(a, $"'9999-12-31 23:59:59.999999Z', '{SnakeCase.Name(kind)}'"));
        }

        Assert.Equal([Enum.GetNames<ActorKind>().Length], await fixture.OwnerAsync<long>($"SELECT count(*) FROM {a.Schema}.audit_log WHERE action = 'said'"));
    }

    // SEC-48, FAULT-17
    [Fact]
    public async Task A_line_that_is_there_already_keeps_no_organization_from_being_migrated()
    {
        var schema = fixture.Services.GetRequiredService<TenantSchema>();
        const int Before = 6;

        var lines = await fixture.OwnerAsync<string>($"""
            BEGIN; CREATE SCHEMA older; SELECT set_config('search_path', 'older', true); {schema.Script(0, Before)}
            INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), '20000-01-01 00:00:00Z', 'said', 'nobody'); SET CONSTRAINTS ALL IMMEDIATE;
            {schema.ScriptFrom(Before)}
            SELECT action FROM audit_log
            """);

        Assert.Equal(["said"], lines);
    }

    private static string Line(Organization of, string values) =>
        $"INSERT INTO {of.Schema}.audit_log (id, action, occurred_at, actor_kind) VALUES (gen_random_uuid(), 'said', {values})";

    // SEC-4
    [Fact]
    public async Task A_tenants_role_sees_nothing_else_of_the_shared_schemas()
    {
        var a = await fixture.OrganizationAsync();
        var tables = await fixture.OwnerAsync<string>(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('platform', 'quartz')");

        Assert.NotEmpty(tables);
        foreach (var table in tables)
        {
            Assert.Equal((table, Denied), (table, await fixture.SqlStateAsync(a, $"SELECT 1::text FROM {table}")));
        }
    }

    // SEC-48
    [Theory]
    [InlineData("UPDATE {0}.audit_log SET note = 'nothing happened'")]
    [InlineData("DELETE FROM {0}.audit_log")]
    [InlineData("TRUNCATE {0}.audit_log")]
    [InlineData("DROP TABLE {0}.audit_log")]
    [InlineData("ALTER TABLE {0}.audit_log ADD COLUMN x int")]
    [InlineData("ALTER TABLE {0}.audit_log DISABLE TRIGGER seal_audit_entry")]
    [InlineData("DROP TRIGGER seal_audit_entry ON {0}.audit_log")]
    [InlineData("CREATE OR REPLACE FUNCTION {0}.seal_audit_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")]
    [InlineData("SET LOCAL session_replication_role = replica")]
    [InlineData("INSERT INTO {0}.audit_seals VALUES (0, 1000000, gen_random_uuid(), '')")]
    [InlineData("UPDATE {0}.audit_seals SET hash = ''")]
    [InlineData("DELETE FROM {0}.audit_seals")]
    [InlineData("TRUNCATE {0}.audit_seals")]
    [InlineData("CREATE TEMP TABLE audit_seals (sequence bigint, entry_id uuid, hash bytea); CREATE TRIGGER mine AFTER INSERT ON audit_seals FOR EACH ROW EXECUTE FUNCTION {0}.seal_audit_entry()")]
    public async Task The_audit_log_can_be_written_and_never_rewritten(string statement)
    {
        var a = await fixture.OrganizationAsync();

        Assert.Equal(Denied, await fixture.SqlStateAsync(a, string.Format(System.Globalization.CultureInfo.InvariantCulture, statement, a.Schema)));
        Assert.Single(await fixture.AsRoleAsync(a, $"SELECT action FROM {a.Schema}.audit_log"));
    }

    // SEC-4
    [Fact]
    public async Task The_applications_login_without_a_tenant_finds_no_table_and_may_read_none()
    {
        var a = await fixture.OrganizationAsync();

        Assert.Equal(Unknown, await fixture.SqlStateAsync(null, "SELECT user_name FROM members"));
        Assert.Equal(Denied, await fixture.SqlStateAsync(null, $"SELECT user_name FROM {a.Schema}.members"));
        Assert.Equal(Denied, await fixture.SqlStateAsync(null, $"SELECT set_config('search_path', '{a.Schema}', true); SELECT user_name FROM {a.Schema}.members"));
    }

    // SEC-4
    [Theory]
    [InlineData("CREATE ROLE intruder")]
    [InlineData("CREATE SCHEMA intruder")]
    [InlineData("CREATE DATABASE intruder")]
    [InlineData("CREATE TABLE platform.intruder ()")]
    [InlineData("CREATE TABLE public.intruder ()")]
    [InlineData("DELETE FROM platform.organizations")]
    [InlineData("ALTER TABLE platform.work DISABLE ROW LEVEL SECURITY")]
    [InlineData("COPY platform.organizations TO PROGRAM 'cat'")]
    public async Task The_applications_login_can_make_nothing(string statement) =>
        Assert.Equal(Denied, await fixture.SqlStateAsync(null, statement));
}
