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
