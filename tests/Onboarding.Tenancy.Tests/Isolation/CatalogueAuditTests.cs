namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>Adversarial isolation test 5: the rights as PostgreSQL's own catalogue tells them (SEC-4).</summary>
public sealed class CatalogueAuditTests(IsolationFixture fixture)
{
    private const string Ours = "(nspname LIKE 'org\\_%' OR nspname IN ('platform', 'quartz', 'public'))";

    // SEC-4
    [Fact]
    public async Task No_role_but_its_own_has_a_right_on_an_organizations_schema()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());

        // Without inheritance has_schema_privilege counts what the role has at once, not what it may become.
        var rights = await fixture.OwnerAsync<string>("""
            SELECT format('%s on %s', rolname, nspname) FROM pg_roles, pg_namespace
            WHERE nspname LIKE 'org\_%' AND NOT rolsuper AND rolname NOT LIKE 'pg\_%'
              AND (has_schema_privilege(rolname, nspname, 'USAGE') OR has_schema_privilege(rolname, nspname, 'CREATE'))
            """);

        Assert.Contains($"{a.Schema} on {a.Schema}", rights);
        Assert.Contains($"{b.Schema} on {b.Schema}", rights);
        Assert.All(rights, right => Assert.Equal(right.Split(" on ")[0], right.Split(" on ")[1]));
    }

    // SEC-4
    [Fact]
    public async Task No_tenants_role_can_become_another_or_sign_in()
    {
        await fixture.OrganizationAsync();
        await fixture.OrganizationAsync();

        Assert.Empty(await fixture.OwnerAsync<string>("""
            SELECT format('%s may become %s', m.rolname, g.rolname) FROM pg_auth_members
            JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = roleid
            WHERE m.rolname LIKE 'org\_%' AND g.rolname <> 'onboarding_tenant'
            """));
        Assert.Empty(await fixture.OwnerAsync<string>(
            "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'org\\_%' AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"));
    }

    // SEC-4
    [Fact]
    public async Task Nothing_of_ours_is_granted_to_everybody()
    {
        await fixture.OrganizationAsync();

        Assert.Empty(await fixture.OwnerAsync<string>(
            $"SELECT format('%s %s', nspname, privilege_type) FROM pg_namespace, aclexplode(nspacl) WHERE {Ours} AND grantee = 0"));
        Assert.Empty(await fixture.OwnerAsync<string>(
            $"SELECT format('%s.%s %s', nspname, relname, privilege_type) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(relacl) WHERE {Ours} AND grantee = 0"));
    }

    // SEC-4: a function that runs with its owner's rights could be a way around all of this.
    [Fact]
    public async Task Functions_with_their_owners_rights_find_nothing_by_a_callers_search_path_and_no_organization_may_call_one()
    {
        var organization = await fixture.OrganizationAsync();

        // One makes and drops months of attempts, and one in each schema seals audit logs.
        var functions = await fixture.OwnerAsync<string>("""
            SELECT concat_ws(' ', nspname || '.' || proname, (SELECT setting FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%'))
            FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE prosecdef AND nspname <> 'information_schema' AND nspname <> 'pg_catalog'
            """);
        Assert.Contains("platform.roll_webhook_attempts search_path=pg_catalog, pg_temp", functions);
        Assert.Contains("platform.seal_audit_entry search_path=platform, pg_temp", functions);
        Assert.Contains($"{organization.Schema}.seal_audit_entry search_path={organization.Schema}, pg_temp", functions);
        Assert.All(
            functions.Where(function => !function.StartsWith("platform.roll_webhook_attempts ", StringComparison.Ordinal)),
            function => Assert.Matches(@"^(platform|org_[0-9a-f]{32})\.seal_audit_entry search_path=\1, pg_temp$", function));
        Assert.Empty(await fixture.OwnerAsync<string>("""
            SELECT format('%s may call %s', rolname, p.oid::regprocedure) FROM pg_roles, pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
            WHERE (rolname LIKE 'org\_%' OR rolname = 'onboarding_tenant' OR rolname = 'onboarding_app' AND proname = 'seal_audit_entry')
              AND prosecdef AND nspname <> 'information_schema' AND nspname <> 'pg_catalog' AND has_function_privilege(rolname, p.oid, 'EXECUTE')
            """));
    }

    // SEC-4
    [Fact]
    public async Task The_applications_login_inherits_nothing_owns_nothing_and_starts_without_a_search_path()
    {
        await fixture.OrganizationAsync();

        Assert.Equal(["f f f f f f"], await fixture.OwnerAsync<string>("""
            SELECT concat_ws(' ', rolsuper::text::char, rolinherit::text::char, rolcreaterole::text::char, rolcreatedb::text::char, rolbypassrls::text::char, rolreplication::text::char)
            FROM pg_roles WHERE rolname = 'onboarding_app'
            """));
        Assert.Empty(await fixture.OwnerAsync<string>("SELECT relname::text FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE rolname = 'onboarding_app' OR rolname LIKE 'org\\_%'"));
        Assert.Empty(await fixture.OwnerAsync<string>("SELECT nspname::text FROM pg_namespace JOIN pg_roles r ON r.oid = nspowner WHERE rolname = 'onboarding_app' OR rolname LIKE 'org\\_%'"));
        Assert.Equal(["nobody"], await fixture.AsRoleAsync(null, "SELECT current_setting('search_path')"));
        Assert.Empty(await fixture.OwnerAsync<string>("SELECT nspname::text FROM pg_namespace WHERE nspname = 'nobody'"));
    }

    // SEC-4: policies bind only while they are switched on.
    [Fact]
    public async Task The_shared_queue_is_held_by_row_level_security() =>
        Assert.Equal(["work"], await fixture.OwnerAsync<string>("SELECT relname::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relrowsecurity AND nspname = 'platform'"));
}
