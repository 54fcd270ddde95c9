using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// What makes a unit of work a tenant's: <c>search_path</c> and <c>role</c>, set for one transaction only.
/// </summary>
/// <remarks>
/// Never session-level: behind a transaction pooler that leaks one tenant's rows to the next (SEC-4). A command that
/// runs outside a transaction carries the settings in front of itself; the pipelined pair is one implicit transaction.
/// </remarks>
internal static class TenantSettings
{
    /// <summary>Goes in front of a command that runs outside a transaction.</summary>
    public const string Prefix = "SELECT set_config('search_path', @tenant_schema, true), set_config('role', @tenant_schema, true);\n";

    // A transaction is told once, and tells its id, by which a COMMIT in doubt is looked up (FAULT-5).
    private const string Begin = "SELECT set_config('search_path', @tenant_schema, true), set_config('role', @tenant_schema, true), pg_current_xact_id()::text";

    /// <summary>Makes a command the tenant's, unless its transaction already is.</summary>
    public static void Apply(DbCommand command, DbContext? context)
    {
        var schema = SchemaOf(context);
        if (command.Transaction is not null)
        {
            return;
        }

        command.CommandText = Prefix + command.CommandText;
        AddSchema(command, schema);
    }

    /// <summary>Whether <see cref="Apply"/> put its statement in front, whose result has to be stepped over.</summary>
    public static bool IsPrefixed(DbCommand command) => command.CommandText.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The command that makes a transaction the tenant's; its last column is the transaction's id.</summary>
    public static DbCommand BeginCommand(DbTransaction transaction, DbContext? context)
    {
        var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = Begin;
        AddSchema(command, SchemaOf(context));
        return command;
    }

    private static TenantDbContext TenantOf(DbContext? context) =>
        context as TenantDbContext ?? throw new InvalidOperationException("Only a TenantDbContext runs through the tenant interceptors.");

    private static string SchemaOf(DbContext? context) =>
        TenantOf(context).Organization?.Schema ?? throw new TenantRequiredException();

    private static void AddSchema(DbCommand command, string schema)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = "tenant_schema";
        parameter.DbType = DbType.String;
        parameter.Value = schema;
        command.Parameters.Add(parameter);
    }
}
