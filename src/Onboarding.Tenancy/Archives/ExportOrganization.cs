using System.Data;
using System.IO.Compression;
using System.Text.Json;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Archives;

/// <summary>Writes everything that an organization owns as one ZIP: for whoever leaves, or moves to another installation (SEC-7).</summary>
/// <remarks>
/// All of it is of one moment: one read-only transaction, in the organization's own role, so that nothing of anybody else
/// can get in. It is written as it is read; the output need not be seekable, and nothing is ever held but the current row.
/// </remarks>
public sealed class ExportOrganization(NpgsqlDataSource dataSource, TimeProvider clock)
{
    private const string Catalogue = """
        SELECT identifier, name, plan, accent_color, settings::text, overrides::text, coalesce(secret_scope, id), schema_version
        FROM platform.organizations WHERE id = $1 AND schema_version > 0
        """;

    /// <summary>Exports one organization, also while it is suspended or on its way out.</summary>
    /// <param name="organizationId">Which.</param>
    /// <param name="output">Where to; left open. Broken off, what it has got is no archive, because the manifest comes last.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <returns>What was written; null when there is no such organization, or nothing of it yet. Nothing is written then.</returns>
    public async Task<ArchiveManifest?> RunAsync(Guid organizationId, Stream output, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        if (await ReadCatalogueAsync(transaction, organizationId, cancellationToken) is not var (organization, version))
        {
            return null;
        }

        var schema = $"org_{organizationId:N}";
        await ArchiveRows.SettleAsync(transaction, schema, cancellationToken);
        await BecomeAsync(transaction, schema, cancellationToken);
        var tables = await ArchiveTables.ReadArchivedAsync(transaction, schema, cancellationToken);
        await using var zip = new HeldWrites(output);
        var manifest = await WriteAsync(transaction, new(ArchiveManifest.CurrentFormat, version, clock.GetUtcNow(), organization, []), tables, zip, cancellationToken);
        await zip.FlushAsync(cancellationToken);
        return manifest;
    }

    private static async Task<ArchiveManifest> WriteAsync(NpgsqlTransaction transaction, ArchiveManifest manifest, IReadOnlyList<TableShape> tables, Stream zip, CancellationToken cancellationToken)
    {
        await using var archive = await ZipArchive.CreateAsync(zip, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        var written = new List<ArchivedTable>(tables.Count);
        foreach (var table in tables)
        {
            await using var entry = await archive.CreateEntry(ArchivedTable.EntryOf(table.Name), CompressionLevel.Fastest).OpenAsync(cancellationToken);
            written.Add(await ArchiveRows.WriteAsync(transaction, table, entry, cancellationToken));
        }

        manifest = manifest with { Tables = written };
        await using (var entry = await archive.CreateEntry(ArchiveManifest.EntryName).OpenAsync(cancellationToken))
        {
            await JsonSerializer.SerializeAsync(entry, manifest, ArchiveManifest.Json, cancellationToken);
        }

        return manifest;
    }

    // The transaction's first statement, so that the catalogue and the schema are of the same moment.
    private static async Task<(ArchivedOrganization Organization, int SchemaVersion)?> ReadCatalogueAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Catalogue, transaction.Connection, transaction);
        command.Parameters.Add(Sql.Value(id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (new(id, reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), Json(reader.GetString(4)), Json(reader.GetString(5)), reader.GetGuid(6)), reader.GetInt32(7))
            : null;
    }

    private async Task BecomeAsync(NpgsqlTransaction transaction, string role, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("SELECT set_config('role', $1, true), set_config('transaction_read_only', 'on', true)", transaction.Connection, transaction);
            command.Parameters.Add(Sql.Value(role));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (TransientFailures.IsRoleUnseen(exception))
        {
            // Whoever tries again does so on a new connection.
            dataSource.Clear();
            throw;
        }
    }

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
