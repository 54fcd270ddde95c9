using System.Data;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Archives;

/// <summary>Writes everything that an organization owns as one ZIP: for whoever leaves, or moves to another installation (SEC-7).</summary>
/// <remarks>
/// All of it is of one moment: one read-only transaction, in the organization's own role, so that nothing of anybody else
/// can get in. It is written as it is read; the output need not be seekable, and nothing is ever held but the current row.
/// Whoever reads it has to keep to a pace (<see cref="ExportOptions"/>). It is told in both audit logs and to the organization's
/// admins once that moment is settled and before the first byte: whoever breaks it off has had a part of it, and an archive does
/// not hold the line about itself, so that a copy's archive is the same as its source's.
/// </remarks>
public sealed class ExportOrganization(
    NpgsqlDataSource dataSource, IDbContextFactory<PlatformDbContext> platform, WorkSignal signal, IOptions<ExportOptions> options, TimeProvider clock)
{
    private const int Attempts = 3;

    private const string Catalogue = """
        SELECT identifier, name, plan, accent_color, settings::text, overrides::text, coalesce(secret_scope, id), schema_version
        FROM platform.organizations WHERE id = $1 AND schema_version > 0
        """;

    // A node that has stopped without a word ends nothing by itself. Between statements PostgreSQL waits for it, and during one for room in the
    // connection, where it looks at no other timeout.
    private const string Become = """
        SELECT set_config('role', $1, true), set_config('transaction_read_only', 'on', true),
          set_config('idle_in_transaction_session_timeout', $2, true), set_config('tcp_user_timeout', $2, true)
        """;

    /// <summary>Exports one organization, also while it is suspended or on its way out.</summary>
    /// <param name="organizationId">Which.</param>
    /// <param name="by">Who takes the copy.</param>
    /// <param name="reason">Why, where somebody said so: 400 characters at most. The organization's admins read it.</param>
    /// <param name="output">Where to; left open. Broken off, what it has got is no archive, because the manifest comes last.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <returns>What was written; null when there is no such organization, or nothing of it yet. Nothing is written then.</returns>
    /// <exception cref="ExportBrokenOffException">It was read too slowly, or took too long.</exception>
    public async Task<ArchiveManifest?> RunAsync(Guid organizationId, Actor by, string? reason, Stream output, CancellationToken cancellationToken)
    {
        using var longest = new CancellationTokenSource(options.Value.Longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(longest.Token, cancellationToken);
        try
        {
            return await BeginAsync(organizationId, by, reason, output, either.Token);
        }
        catch (Exception exception) when (longest.IsCancellationRequested && exception is not ExportBrokenOffException)
        {
            throw new ExportBrokenOffException($"The export was broken off: it took longer than {options.Value.Longest}.", exception);
        }
    }

    private async Task<ArchiveManifest?> BeginAsync(Guid organizationId, Actor by, string? reason, Stream output, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteAsync(organizationId, by, reason, output, cancellationToken);
            }
            catch (Exception exception) when (attempt < Attempts && (exception is MigratedMeanwhileException || TransientFailures.IsRoleUnseen(exception)))
            {
                // Either is found before anything is told or written. A new connection knows the role.
            }
        }
    }

    private async Task<ArchiveManifest?> WriteAsync(Guid organizationId, Actor by, string? reason, Stream output, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        if (await ReadCatalogueAsync(transaction, organizationId, cancellationToken) is not var (organization, version))
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var schema = $"org_{organizationId:N}";
        await ArchiveRows.SettleAsync(transaction, schema, cancellationToken);
        await BecomeAsync(transaction, schema, cancellationToken);
        var tables = await ArchiveTables.ReadArchivedAsync(transaction, schema, cancellationToken);
        await LockAsync(transaction, tables, cancellationToken);
        await TellAsync(organizationId, version, by, reason, now, cancellationToken);
        await using var zip = new HeldWrites(output, new ReaderPace(options.Value, clock));
        var manifest = await WriteAsync(transaction, new(ArchiveManifest.CurrentFormat, version, now, organization, []), tables, zip, cancellationToken);
        await zip.FlushAsync(cancellationToken);
        return manifest;
    }

    // No snapshot holds up a migration: rows would come with columns that the manifest's version does not have, and a table
    // that was rewritten would be empty. Whoever migrates meanwhile gives up after some seconds, and is tried again.
    private static async Task LockAsync(NpgsqlTransaction transaction, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"LOCK TABLE {string.Join(", ", tables.Select(table => table.Quoted))} IN ACCESS SHARE MODE", transaction.Connection, transaction);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.UndefinedTable)
        {
            // A migration was under way, which locks in an order of its own, and may have dropped one of them.
            throw new MigratedMeanwhileException();
        }
    }

    private async Task TellAsync(Guid organizationId, int version, Actor by, string? reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.Database.CreateExecutionStrategy().ExecuteAsync(
            async cancellation =>
            {
                db.ChangeTracker.Clear();
                await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
                var id = organizationId.ToString();
                var organization = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == id, cancellation);
                if (organization.SchemaVersion != version)
                {
                    throw new MigratedMeanwhileException();
                }

                var superAdmin = by is { Kind: ActorKind.SuperAdmin, Id: { } admin } ? await db.SuperAdmins.Where(a => a.Id == admin).Select(a => a.UserName).SingleAsync(cancellation) : null;
                var exported = new OrganizationExported(superAdmin, reason, now);
                PlatformAudit.Add(db, exported.Type, by, organizationId, subjectId: null, exported.AuditNote, now);
                await db.SaveChangesAsync(cancellation);

                // Last: from here the transaction has the organization's role.
                await using var batch = TenantBatch.In(dataSource, (NpgsqlTransaction)transaction.GetDbTransaction());
                OutboxRows.Add(batch, organization, [exported], by);
                await batch.ExecuteAsync(cancellation);
                await transaction.CommitAsync(cancellation);
            },
            cancellationToken);
        signal.Wake();
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
            await using var command = new NpgsqlCommand(Become, transaction.Connection, transaction);
            command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(role), Sql.Value(((long)options.Value.UntilAbandoned.TotalMilliseconds).ToString(CultureInfo.InvariantCulture))]);
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

    /// <summary>Between the snapshot and the locks.</summary>
    private sealed class MigratedMeanwhileException() : Exception("The organization was migrated at the same moment.");
}
