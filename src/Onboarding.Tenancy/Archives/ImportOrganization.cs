using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Archives;

/// <summary>What an import has made.</summary>
/// <param name="Organization">It serves.</param>
/// <param name="Rows">How many were taken over.</param>
/// <param name="Unreadable">What this installation has no key for and what became of it, a sentence each.</param>
public sealed record ImportedOrganization(Organization Organization, long Rows, IReadOnlyList<string> Unreadable);

/// <summary>Makes a new organization of an archive (SEC-7).</summary>
/// <remarks>
/// Schema, rows, role and the entry in the catalogue are one transaction: killed at any instruction it has done nothing,
/// and nothing stands in the way of the next try. What locks others comes last and takes a moment. Nothing is put into
/// the work queue: what the source has told, mailed or delivered is not told again.
/// </remarks>
public sealed class ImportOrganization(
    OwnerDataSource owner, TenantSchema schema, ApplicationRole application, IEnumerable<IImportedSecrets> secrets, TenantScope tenants, CachedOrganizationStore organizations,
    ClusterSignals signals, TimeProvider clock)
{
    // Two imports of one name do not both load everything to find out at the end.
    private const string Claim = """
        SELECT pg_try_advisory_xact_lock(hashtextextended('onboarding.import.' || $1, 0)) AND NOT EXISTS (SELECT FROM platform.organizations WHERE identifier = $1)
        """;

    /// <summary>Imports one archive.</summary>
    /// <param name="file">The archive; seekable, because its manifest is at the end.</param>
    /// <param name="identifier">The new organization's.</param>
    /// <param name="name">Its name; null takes over the source's.</param>
    /// <param name="cancellationToken">Breaks off; nothing is left then.</param>
    /// <exception cref="ArchiveRefusedException">The archive or the identifier cannot be taken. Nothing is left.</exception>
    public async Task<ImportedOrganization> RunAsync(Stream file, string identifier, string? name, CancellationToken cancellationToken)
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

        var organization = Describe(archive.Manifest, identifier, name);
        var unreadable = await LoadAsync(archive, organization, cancellationToken);
        await organizations.ForgetAsync();
        await signals.OrganizationChangedAsync(organization.Key, cancellationToken);

        // The source's catalogue may have been behind its settings at that moment.
        await tenants.RunAsync(organization, services => services.GetRequiredService<PublishSettings>().RunAsync(cancellationToken));
        return new(organization, archive.Manifest.Tables.Sum(table => table.Rows), unreadable);
    }

    private Organization Describe(ArchiveManifest manifest, string identifier, string? name)
    {
        try
        {
            var now = clock.GetUtcNow();
            return Organization.Copy(identifier, name, manifest.Organization, schema.Latest, Ids.New(now), now);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new ArchiveRefusedException("The archive's manifest says nothing that makes sense of the organization's settings.", exception);
        }
    }

    private async Task<IReadOnlyList<string>> LoadAsync(ArchiveReader archive, Organization organization, CancellationToken cancellationToken)
    {
        await using var connection = await owner.Value.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ClaimAsync(transaction, organization.Identifier, cancellationToken);
        await ExecuteAsync(transaction, $"CREATE SCHEMA {organization.Schema}", cancellationToken);
        await ArchiveRows.SettleAsync(transaction, organization.Schema, cancellationToken);
        await ExecuteAsync(transaction, schema.Script(0, archive.Manifest.SchemaVersion), cancellationToken);
        await new ArchiveLoader(transaction, organization.Schema).RunAsync(archive, cancellationToken);
        await ExecuteAsync(transaction, schema.ScriptFrom(archive.Manifest.SchemaVersion), cancellationToken);
        var unreadable = new List<string>();
        foreach (var kind in secrets)
        {
            if (await kind.DropUnreadableAsync(transaction, organization.SecretScope, cancellationToken) is > 0 and var count)
            {
                unreadable.Add($"{count} {kind.WhatBecame}");
            }
        }

        await ExecuteAsync(transaction, ProvisionOrganization.Role(organization, application) + ProvisionOrganization.Grants(organization), cancellationToken);
        await EnterAsync(connection, transaction, organization, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return unreadable;
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

    private static async Task EnterAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Organization organization, CancellationToken cancellationToken)
    {
        await using var db = new PlatformDbContext(new DbContextOptionsBuilder<PlatformDbContext>().UseNpgsql(connection).Options);
        await db.Database.UseTransactionAsync(transaction, cancellationToken);
        db.Organizations.Add(organization);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw Taken(organization.Identifier);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.StringDataRightTruncation })
        {
            throw new ArchiveRefusedException("The name is too long, or the archive's manifest holds what does not fit the catalogue.", exception);
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
