using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Archives;

/// <summary>What an import has made.</summary>
/// <param name="Organization">It serves.</param>
/// <param name="Rows">How many were taken over.</param>
/// <param name="Source">What the archive says of the organization that it was made of.</param>
/// <param name="Unreadable">What this installation has no key for and what became of it, a sentence each.</param>
public sealed record ImportedOrganization(Organization Organization, long Rows, ArchivedOrganization Source, IReadOnlyList<string> Unreadable);

/// <summary>Makes a new organization of an archive (SEC-7).</summary>
/// <remarks>
/// Schema, rows, role and the entry in the catalogue are one transaction: killed at any instruction it has done nothing,
/// and nothing stands in the way of the next try. What was loaded is read once as the product reads it, so that nothing serves
/// that it cannot read. What locks others comes last and takes a moment. Nothing is put into
/// the work queue: what the source has told, mailed or delivered is not told again.
/// </remarks>
public sealed class ImportOrganization(
    OwnerDataSource owner, TenantSchema schema, ApplicationRole application, IEnumerable<IImportedSecrets> secrets, CachedOrganizationStore organizations,
    ClusterSignals signals, CommitOutcome outcomes, TimeProvider clock)
{
    // Two imports of one name do not both load everything to find out at the end.
    private const string Claim = """
        SELECT pg_try_advisory_xact_lock(hashtextextended('onboarding.import.' || $1, 0)) AND NOT EXISTS (SELECT FROM platform.organizations WHERE identifier = $1)
        """;

    /// <summary>Imports one archive.</summary>
    /// <param name="file">The archive; seekable, because its manifest is at the end.</param>
    /// <param name="identifier">The new organization's.</param>
    /// <param name="name">Its name; null takes over the source's.</param>
    /// <param name="plan">
    /// Key of its plan. Null takes over what the archive says, with what was settled for the source alone: only where whoever imports
    /// knows that, because anybody can write it into a file.
    /// </param>
    /// <param name="cancellationToken">Breaks off; nothing is left then.</param>
    /// <exception cref="ArchiveRefusedException">The archive or the identifier cannot be taken. Nothing is left.</exception>
    public async Task<ImportedOrganization> RunAsync(Stream file, string identifier, string? name, string? plan, CancellationToken cancellationToken)
    {
        if (OrganizationIdentifier.Refusal(identifier) is { } refusal)
        {
            throw new ArchiveRefusedException(refusal);
        }

        await using var archive = await ArchiveReader.OpenAsync(file, cancellationToken);
        if (archive.Manifest.SchemaVersion < 1 || archive.Manifest.SchemaVersion > schema.Latest)
        {
            throw new ArchiveRefusedException($"The archive is of schema version {archive.Manifest.SchemaVersion}; this version of the product knows 1 to {schema.Latest}.");
        }

        try
        {
            var imported = await LoadAsync(archive, identifier, name, plan, cancellationToken);
            await organizations.ForgetAsync();
            await signals.OrganizationChangedAsync(imported.Organization.Key, CancellationToken.None);
            return imported;
        }
        catch (PostgresException exception) when (ArchiveRefusedException.Caused(exception))
        {
            throw new ArchiveRefusedException(
                $"The archive holds what {(exception.TableName is { } table ? $"table {table}" : "its tables")} cannot keep, or what does not go together (SQLSTATE {exception.SqlState}).", exception);
        }
    }

    private static PlanOverrides Overrides(ArchivedOrganization source)
    {
        try
        {
            return PlanOverrides.FromJson(source.Overrides.GetRawText());
        }
        catch (JsonException exception)
        {
            throw new ArchiveRefusedException("The archive's manifest says nothing that makes sense of what was settled for the organization alone.", exception);
        }
    }

    private async Task<ImportedOrganization> LoadAsync(ArchiveReader archive, string identifier, string? name, string? plan, CancellationToken cancellationToken)
    {
        var source = archive.Manifest.Organization;
        var overrides = plan is null ? Overrides(source) : PlanOverrides.None;
        var now = clock.GetUtcNow();
        var id = Ids.New(now);
        var home = $"org_{id:N}";
        await using var connection = await owner.Value.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ClaimAsync(transaction, identifier, cancellationToken);
        await ExecuteAsync(transaction, $"CREATE SCHEMA {home}", cancellationToken);
        await ArchiveRows.SettleAsync(transaction, home, cancellationToken);
        await ExecuteAsync(transaction, schema.Script(0, archive.Manifest.SchemaVersion), cancellationToken);
        await new ArchiveLoader(transaction, home).RunAsync(archive, cancellationToken);
        await ExecuteAsync(transaction, schema.ScriptFrom(archive.Manifest.SchemaVersion), cancellationToken);
        if (name is not null)
        {
            // Its own name goes before what the source's admins had chosen; without one there the catalogue's holds.
            await ExecuteAsync(transaction, "UPDATE settings SET name = NULL WHERE name IS NOT NULL", cancellationToken);
        }

        var unreadable = new List<string>();
        foreach (var kind in secrets)
        {
            if (await kind.DropUnreadableAsync(transaction, source.SecretScope, cancellationToken) is > 0 and var count)
            {
                unreadable.Add($"{count} {kind.WhatBecame}");
            }
        }

        var settled = await LoadedRows.RequireAsync(transaction, cancellationToken);
        var organization = Organization.Copy(source, settled, identifier, name, plan ?? source.Plan, overrides, schema.Latest, id, now);
        await ExecuteAsync(transaction, ProvisionOrganization.Role(organization, application) + ProvisionOrganization.Grants(organization), cancellationToken);
        await EnterAsync(connection, transaction, organization, $"{source.Identifier} as of {archive.Manifest.ExportedAt:u}, on plan {organization.Plan}", cancellationToken);
        await CommitAsync(transaction, organization);
        return new(organization, archive.Manifest.Tables.Sum(table => table.Rows), source, unreadable);
    }

    private async Task CommitAsync(NpgsqlTransaction transaction, Organization organization)
    {
        await using var command = new NpgsqlCommand("SELECT pg_current_xact_id()::text", transaction.Connection, transaction);
        var transactionId = (string)(await command.ExecuteScalarAsync(CancellationToken.None))!;
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException failure) when (TransientFailures.IsConnectionLost(failure))
        {
            await outcomes.SettleAsync(transactionId, new(Organization: null, $"{PlatformDbContext.Schema}.organizations", organization.Key), failure);
        }
    }

    private static async Task ClaimAsync(NpgsqlTransaction transaction, string identifier, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Claim, transaction.Connection, transaction);
        command.Parameters.Add(Sql.Value(identifier));
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
        {
            throw Taken(identifier);
        }
    }

    // With a line of the platform's log. There is none in the organization's own, so that it holds what was exported and nothing else.
    private static async Task EnterAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Organization organization, string note, CancellationToken cancellationToken)
    {
        await using var db = new PlatformDbContext(new DbContextOptionsBuilder<PlatformDbContext>().UseNpgsql(connection).Options);
        await db.Database.UseTransactionAsync(transaction, cancellationToken);
        db.Organizations.Add(organization);
        PlatformAudit.Add(db, "organization.imported", Actor.System, organization.Key, subjectId: null, note, organization.CreatedAt);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw Taken(organization.Identifier);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException inner && ArchiveRefusedException.Caused(inner))
        {
            throw new ArchiveRefusedException("The name is too long, or the archive holds what does not fit the catalogue.", exception);
        }
    }

    private static async Task ExecuteAsync(NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken)
    {
        if (sql.Length > 0)
        {
            await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction) { CommandTimeout = ArchiveRows.CommandTimeout };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static ArchiveRefusedException Taken(string identifier) => new($"The identifier '{identifier}' is taken, or is being imported at this moment.");
}
