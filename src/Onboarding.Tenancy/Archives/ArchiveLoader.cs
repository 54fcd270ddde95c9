using Npgsql;

namespace Onboarding.Tenancy.Archives;

/// <summary>Fills the tables of a fresh schema from an archive, in the transaction that made the schema, as its owner.</summary>
/// <remarks>
/// Rows go in as they were: what triggers would add to them is in the archive already, so triggers rest meanwhile. Tables
/// are filled in the order of their foreign keys; keys that no order satisfies, such as a table's to itself, are checked
/// at the end. Names come from the database's own catalogue, never from the archive.
/// </remarks>
internal sealed class ArchiveLoader(NpgsqlTransaction transaction, string schema)
{
    private const string RestTriggers = """
        DO $$ DECLARE t record; BEGIN
          FOR t IN SELECT tgrelid::regclass AS home, quote_ident(tgname) AS name FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
            WHERE c.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled = '{0}'
          LOOP EXECUTE format('ALTER TABLE %s {1} TRIGGER %s', t.home, t.name); END LOOP;
        END $$;
        """;

    private const string References = """
        SELECT quote_ident(k.conname), c.relname::text, f.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
        WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relnamespace = current_schema()::regnamespace
        ORDER BY 2, 1
        """;

    // A rule that holds for new rows only: those that were there before it need not keep it, and so those of an archive.
    private const string RulesForNew = """
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname), format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE contype = 'c' AND NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY conrelid, conname
        """;

    private const string Batch = "batch";

    // Where counting goes on: after the largest number that is there.
    private const string Sequences = """
        DO $$ DECLARE s record; BEGIN
          FOR s IN SELECT d.objid::regclass AS name, d.refobjid::regclass AS home, quote_ident(a.attname) AS counted
            FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relnamespace = current_schema()::regnamespace
          LOOP
            EXECUTE format('SELECT setval(%L, greatest(max(%s), 1), max(%s) IS NOT NULL) FROM %s', s.name, s.counted, s.counted, s.home);
          END LOOP;
        END $$;
        """;

    // There is none after it to end it.
    private static readonly DateTime LastMonth = new(9999, 12, 1, 0, 0, 0, DateTimeKind.Unspecified);

    /// <summary>Fills every table, and sees that what is in there then is what was exported.</summary>
    public async Task RunAsync(ArchiveReader archive, CancellationToken cancellationToken)
    {
        var tables = await ArchiveTables.ReadArchivedAsync(transaction, schema, cancellationToken);
        var archived = Match(tables, archive.Manifest);
        await ExecuteAsync(string.Concat(tables.Where(table => table.IsPartitioned).SelectMany(table => Months(table, archived[table.Name]))), cancellationToken);
        var order = LoadOrder.Of(tables, await ReadReferencesAsync(cancellationToken));
        var rules = await ReadRulesAsync(cancellationToken);
        await ExecuteAsync(Triggers('O', "DISABLE"), cancellationToken);
        await ExecuteAsync(string.Concat(rules.Select(rule => rule.Drop)), cancellationToken);
        await ExecuteAsync(string.Concat(order.AtTheEnd.Select(key => $"ALTER TABLE {key.Quoted} ALTER CONSTRAINT {key.Name} DEFERRABLE INITIALLY DEFERRED;\n")), cancellationToken);

        // What a fresh schema has of its own, such as the built-in roles, is in the archive too.
        await ExecuteAsync(string.Concat(order.Tables.Reverse().Select(table => $"DELETE FROM {table.Quoted};\n")), cancellationToken);
        foreach (var table in order.Tables)
        {
            await LoadAsync(table, archive.ReadAsync(archived[table.Name], cancellationToken), cancellationToken);
        }

        await ExecuteAsync("SET CONSTRAINTS ALL IMMEDIATE", cancellationToken);
        await ExecuteAsync(string.Concat(order.AtTheEnd.Select(key => $"ALTER TABLE {key.Quoted} ALTER CONSTRAINT {key.Name} NOT DEFERRABLE;\n")), cancellationToken);
        await ExecuteAsync(string.Concat(rules.Select(rule => rule.Add)), cancellationToken);
        await ExecuteAsync(Sequences, cancellationToken);
        foreach (var table in tables)
        {
            var stored = await ArchiveRows.WriteAsync(transaction, table, Stream.Null, cancellationToken);
            if (stored.Sha256 != archived[table.Name].Sha256)
            {
                throw new ArchiveRefusedException($"Table {table.Name} would not be what it was: the archive holds what the table cannot keep.");
            }
        }

        await ExecuteAsync(Triggers('D', "ENABLE"), cancellationToken);
    }

    private static Dictionary<string, ArchivedTable> Match(IReadOnlyList<TableShape> tables, ArchiveManifest manifest)
    {
        var archived = manifest.Tables.ToDictionary(table => table.Name, StringComparer.Ordinal);
        return tables.Count == archived.Count && tables.All(table => archived.ContainsKey(table.Name))
            ? archived
            : throw new ArchiveRefusedException($"The archive has other tables than version {manifest.SchemaVersion} of the product: {string.Join(", ", tables.Select(t => t.Name).Except(archived.Keys).Concat(archived.Keys.Except(tables.Select(t => t.Name))))}.");
    }

    /// <summary>The months that the source had and a fresh schema has not; of the name nothing but the number of the month is taken.</summary>
    private static IEnumerable<string> Months(TableShape table, ArchivedTable archived) => archived.Partitions.Except(table.Partitions)
        .Where(name => name.Length == table.Name.Length + 7 && name.StartsWith($"{table.Name}_", StringComparison.Ordinal))
        .Select(name => DateTime.TryParseExact(name[^6..], "yyyyMM", provider: null, System.Globalization.DateTimeStyles.None, out var month) && month < LastMonth ? month : (DateTime?)null)
        .OfType<DateTime>().Distinct()
        .Select(month => $"CREATE TABLE {table.Name}_{month:yyyyMM} PARTITION OF {table.Quoted} FOR VALUES FROM ('{month:yyyy-MM-dd}+00') TO ('{month.AddMonths(1):yyyy-MM-dd}+00');\n");

    private async Task<IReadOnlyList<Reference>> ReadReferencesAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(References, transaction.Connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var references = new List<Reference>();
        while (await reader.ReadAsync(cancellationToken))
        {
            references.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        }

        return references;
    }

    private async Task<IReadOnlyList<(string Drop, string Add)>> ReadRulesAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(RulesForNew, transaction.Connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rules = new List<(string Drop, string Add)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rules.Add((reader.GetString(0), reader.GetString(1)));
        }

        return rules;
    }

    private async Task LoadAsync(TableShape table, IAsyncEnumerable<IReadOnlyList<string>> batches, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            INSERT INTO {table.Quoted} ({string.Join(", ", table.Columns)}) OVERRIDING SYSTEM VALUE
            SELECT {string.Join(", ", table.Columns.Select(column => $"r.{column}"))}
            FROM unnest($1::jsonb[]) WITH ORDINALITY AS l (line, place) CROSS JOIN LATERAL jsonb_populate_record(NULL::{table.Quoted}, l.line) AS r ORDER BY l.place
            """,
            transaction.Connection,
            transaction)
        { CommandTimeout = ArchiveRows.CommandTimeout };
        var lines = new NpgsqlParameter<string[]>();
        command.Parameters.Add(lines);
        var before = 0L;
        await foreach (var batch in batches)
        {
            await transaction.SaveAsync(Batch, cancellationToken);
            try
            {
                lines.TypedValue = [.. batch];
                await command.ExecuteNonQueryAsync(cancellationToken);
                await transaction.ReleaseAsync(Batch, cancellationToken);
            }
            catch (PostgresException exception) when (ArchiveRefusedException.Caused(exception))
            {
                await transaction.RollbackAsync(Batch, cancellationToken);
                throw new ArchiveRefusedException($"Line {before + await RefusedAsync(command, lines, batch, cancellationToken)} of table {table.Name} of the archive is no row of it (SQLSTATE {exception.SqlState}).", exception);
            }

            before += batch.Count;
        }
    }

    /// <summary>Which line of a batch that was refused it is, counted from 1: one at a time they tell.</summary>
    private static async Task<int> RefusedAsync(NpgsqlCommand command, NpgsqlParameter<string[]> lines, IReadOnlyList<string> batch, CancellationToken cancellationToken)
    {
        foreach (var (index, line) in batch.Index())
        {
            try
            {
                lines.TypedValue = [line];
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (PostgresException exception) when (ArchiveRefusedException.Caused(exception))
            {
                return index + 1;
            }
        }

        return batch.Count;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        if (sql.Length > 0)
        {
            await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction) { CommandTimeout = ArchiveRows.CommandTimeout };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static string Triggers(char those, string verb) =>
        RestTriggers.Replace("{0}", those.ToString(), StringComparison.Ordinal).Replace("{1}", verb, StringComparison.Ordinal);
}
