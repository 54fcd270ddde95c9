using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Organizations;

/// <summary>
/// Second step of an organization's life: its role, schema, tables, grants and its entry in the catalogue, in one round
/// trip and one transaction. It turns <c>active</c> with that, unless a founder is still to come
/// (<see cref="FoundOrganization"/>): whoever registered before its first admin is there would have nobody to let them in.
/// </summary>
/// <remarks>
/// Killed at any instruction, it has done all or nothing; running it again resumes. An organization that has its schema
/// already is left alone.
/// </remarks>
public sealed class ProvisionOrganization(OwnerDataSource owner, TenantSchema schema, ApplicationRole application)
{
    /// <summary>Error code of a script that found the catalogue ahead of it.</summary>
    internal const string NothingToDo = "OB001";

    /// <summary>Provisions one organization. False when there was nothing to do.</summary>
    public async Task<bool> RunAsync(Organization organization, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = owner.Value.CreateCommand(Script(organization));
            command.CommandTimeout = 120;
            await command.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == NothingToDo)
        {
            return false;
        }
    }

    // Every name in here is generated from an id; nothing of it was ever typed by anybody.
    private string Script(Organization organization) => $"""
        {ClaimVersion(organization, "status = 'provisioning' AND schema_version = 0", $"status = {StatusAfter(organization)}, schema_version = {schema.Latest}")}
        CREATE SCHEMA {organization.Schema};
        {Role(organization, application)}
        SELECT set_config('search_path', '{organization.Schema}', true);
        {schema.ScriptFrom(0)}
        {Grants(organization)}
        """;

    private static string StatusAfter(Organization organization) =>
        $"CASE WHEN EXISTS (SELECT FROM platform.work WHERE organization_id = '{organization.Key}' AND kind = '{WorkKinds.Found}') THEN 'provisioning' ELSE 'active' END";

    /// <summary>The organization's role, which the application may take; its schema is there.</summary>
    internal static string Role(Organization organization, ApplicationRole application) => $"""
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{organization.Schema}') THEN CREATE ROLE {organization.Schema} NOLOGIN; END IF;
        END $$;
        GRANT {ApplicationRole.TenantGroup} TO {organization.Schema};
        GRANT {organization.Schema} TO {application.QuotedName};
        GRANT USAGE ON SCHEMA {organization.Schema} TO {organization.Schema};

        """;

    /// <summary>Takes the catalogue row first: of two processes that do the same, one waits and then finds nothing to do.</summary>
    internal static string ClaimVersion(Organization organization, string condition, string change) => $"""
        DO $$ BEGIN
          UPDATE platform.organizations SET {change}, migration_error = NULL, changed_at = clock_timestamp() WHERE id = '{organization.Key}' AND {condition};
          IF NOT FOUND THEN RAISE EXCEPTION 'nothing to do' USING ERRCODE = '{NothingToDo}'; END IF;
        END $$;
        """;

    /// <summary>
    /// What the organization's role may do: everything in its schema, but the audit log is append-only, and its seals are
    /// PostgreSQL's own (SEC-48).
    /// </summary>
    /// <remarks>
    /// Only on what the role cannot write yet, and found by its dependency on the schema: ON ALL TABLES would read all of
    /// <c>pg_class</c> six times, which with a thousand organizations took ten times as long as a small migration itself
    /// (PERF-4), and would give back what an earlier step took away.
    /// </remarks>
    internal static string Grants(Organization organization) => $"""
        DO $$ DECLARE made record; BEGIN
          FOR made IN
            SELECT c.oid::regclass AS name, c.relkind = 'S' AS is_sequence FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
            WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = '{organization.Schema}'::regnamespace AND d.classid = 'pg_class'::regclass AND c.relname <> '{AuditSealing.SealTable}'
              AND NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('{organization.Schema}', c.oid, 'USAGE') ELSE has_table_privilege('{organization.Schema}', c.oid, 'INSERT') END
          LOOP
            EXECUTE format(CASE WHEN made.is_sequence THEN 'GRANT USAGE ON SEQUENCE %s TO {organization.Schema}' ELSE 'GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO {organization.Schema}' END, made.name);
          END LOOP;
          IF has_table_privilege('{organization.Schema}', '{organization.Schema}.{AuditSealing.LogTable}', 'UPDATE, DELETE') THEN
            REVOKE UPDATE, DELETE ON {organization.Schema}.{AuditSealing.LogTable} FROM {organization.Schema};
          END IF;
          IF NOT has_table_privilege('{organization.Schema}', '{organization.Schema}.{AuditSealing.SealTable}', 'SELECT') THEN
            GRANT SELECT ON {organization.Schema}.{AuditSealing.SealTable} TO {organization.Schema};
          END IF;
        END $$;
        """;
}
