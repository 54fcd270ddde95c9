using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data;

/// <summary>Brings roles, the shared schemas and their grants to what this build needs. Idempotent; runs as the owner.</summary>
public sealed class PreparePlatform(OwnerDataSource owner, ApplicationRole application, IEnumerable<ISharedSchema> schemas)
{
    /// <summary>Roles, then tables, then grants.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync(Roles, cancellationToken);
        await using (var db = new PlatformDbContext(new DbContextOptionsBuilder<PlatformDbContext>().UseOwner(owner.Value).Options))
        {
            await db.Database.MigrateAsync(cancellationToken);
        }

        foreach (var schema in schemas)
        {
            await schema.MigrateAsync(owner.Value, cancellationToken);
        }

        await ExecuteAsync(Lock + Quartz(), cancellationToken);
        await ExecuteAsync(Grants, cancellationToken);
    }

    private const int MaxAttempts = 5;

    private static string Quartz()
    {
        using var stream = typeof(PreparePlatform).Assembly.GetManifestResourceStream("quartz.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    // Nodes that start together prepare one after the other.
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtext('onboarding.prepare'));";

    // The login inherits nothing and starts with a search path that names no schema: a statement that forgot its tenant
    // ends in 42501 or 42P01, never in somebody's data. Set on the role, it holds behind a pooler too. Roles belong to
    // the server and the lock to one database, so a role that is ready is not touched: another database may be at it.
    private string Roles => $"""
        {Lock}
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ApplicationRole.TenantGroup}') THEN CREATE ROLE {ApplicationRole.TenantGroup} NOLOGIN; END IF;
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {application.NameLiteral}) THEN
            CREATE ROLE {application.QuotedName} LOGIN NOINHERIT PASSWORD {application.PasswordLiteral};
          END IF;
          IF NOT EXISTS (
            SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
            WHERE r.rolname = {application.NameLiteral} AND s.setdatabase = 0 AND 'search_path=nobody' = ANY (s.setconfig)) THEN
            ALTER ROLE {application.QuotedName} SET search_path = 'nobody';
          END IF;
        END $$;
        """;

    // A tenant's pointers are new ones, of the kinds that its units of work make: all organizations' are claimed by one
    // statement, which one that cannot be counted on would end for everybody.
    private string Grants => $"""
        {Lock}
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA platform, quartz TO {application.QuotedName};
        GRANT SELECT, INSERT, UPDATE, DELETE ON platform.work, platform.revocations, platform.signing_keys, platform.data_protection_keys, platform.super_admin_sessions,
          platform.sign_ups, platform.emails, platform.domains TO {application.QuotedName};
        GRANT SELECT, INSERT, UPDATE ON platform.organizations, platform.super_admins TO {application.QuotedName};
        GRANT SELECT, INSERT ON platform.audit_log TO {application.QuotedName};
        GRANT SELECT ON platform.audit_seals TO {application.QuotedName};
        {string.Concat(schemas.Select(schema => $"GRANT USAGE ON SCHEMA {schema.Name} TO {application.QuotedName};"))}
        {GrantAll(["quartz", .. schemas.Select(schema => schema.Name)])}
        GRANT USAGE ON SCHEMA platform TO {ApplicationRole.TenantGroup};
        GRANT INSERT ON platform.work TO {ApplicationRole.TenantGroup};
        ALTER TABLE platform.work ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS own_pointers ON platform.work;
        CREATE POLICY own_pointers ON platform.work FOR INSERT TO {ApplicationRole.TenantGroup}
          WITH CHECK (current_user = 'org_' || replace(organization_id::text, '-', '')
            AND kind IN ('{WorkKinds.Event}', '{WorkKinds.Email}', '{WorkKinds.Wake}') AND attempt = 0 AND claim_id IS NULL AND isfinite(due_at));
        DROP POLICY IF EXISTS application ON platform.work;
        CREATE POLICY application ON platform.work TO {application.QuotedName} USING (true) WITH CHECK (true);
        {WebhookAttemptPartitions.Function}
        REVOKE ALL ON FUNCTION {WebhookAttemptPartitions.Name} FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {WebhookAttemptPartitions.Name} TO {application.QuotedName};
        """;

    // What is missing, found by its dependency on the schema: ON ALL TABLES reads all of pg_class, every organization's part too.
    private string GrantAll(IEnumerable<string> names) => $"""
        DO $$ DECLARE missing text; BEGIN
          FOR missing IN
            SELECT format('GRANT %s %s TO %I', CASE c.relkind WHEN 'S' THEN 'USAGE ON SEQUENCE' ELSE 'SELECT, INSERT, UPDATE, DELETE ON' END, c.oid::regclass, {application.NameLiteral})
            FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
            WHERE d.refclassid = 'pg_namespace'::regclass AND d.classid = 'pg_class'::regclass
              AND d.refobjid IN ('platform'::regnamespace, {string.Join(", ", names.Select(name => $"'{name}'::regnamespace"))})
              AND CASE
                WHEN c.relkind = 'S' THEN NOT has_sequence_privilege({application.NameLiteral}, c.oid, 'USAGE')
                WHEN c.relkind IN ('r', 'p') AND d.refobjid <> 'platform'::regnamespace THEN
                  EXISTS (SELECT FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) needed WHERE NOT has_table_privilege({application.NameLiteral}, c.oid, needed))
                ELSE false END
          LOOP
            EXECUTE missing;
          END LOOP;
        END $$;
        """;

    // Policies and grants lock tables that nodes use meanwhile, so PostgreSQL may have to break a deadlock. The script is
    // one transaction and idempotent: it is simply run again.
    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var command = owner.Value.CreateCommand(sql);
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < MaxAttempts)
            {
            }
        }
    }
}
