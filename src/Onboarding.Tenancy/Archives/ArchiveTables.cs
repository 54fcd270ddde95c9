using System.Collections.Frozen;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Archives;

/// <summary>A table of an organization's schema as the database's own catalogue describes it. Names are quoted where SQL needs that.</summary>
/// <param name="Name">As it is.</param>
/// <param name="Quoted">As SQL names it.</param>
/// <param name="Columns">What can be written, quoted.</param>
/// <param name="Key">What its rows are put in order by, the same everywhere.</param>
/// <param name="IsPartitioned">Whether partitions hold its rows.</param>
/// <param name="Partitions">Their names.</param>
internal sealed record TableShape(string Name, string Quoted, string[] Columns, string[] Key, bool IsPartitioned, string[] Partitions);

/// <summary>Which tables an archive holds: all that the schema has, but for those named here.</summary>
public static class ArchiveTables
{
    /// <summary>
    /// What stays behind: what is on its way to somebody and would let them in, into the source or into a copy, and what is
    /// worth nothing elsewhere. A new table is archived unless it is named here.
    /// </summary>
    public static FrozenSet<string> NotArchived { get; } = new[]
    {
        // Sign-ins: whoever has an archive, or comes to a copy with a token of the source, signs in anew.
        "sessions", "refresh_tokens", "remembered_devices", "sign_in_challenges",

        // Codes and links that are in somebody's mailbox, and queued mails, which hold them in clear behind their encryption.
        "one_time_codes", "password_links", "emails",

        // An invitation is such a link, too: whoever was invited into the source is not invited into a copy.
        "invitations",

        // Tokens of other identity providers, as Identity stores them.
        "member_tokens",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Types with a collation are compared by bytes: an archive is the same whatever the database sorts by. A table without
    // a primary key is put in order by its id, where it has one, and by the whole row.
    private const string Describe = """
        SELECT c.relname::text, quote_ident(c.relname), c.relkind = 'p',
          ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
          ARRAY(SELECT quote_ident(a.attname) || CASE WHEN a.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END
            FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
            WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place),
          ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id' AND a.attcollation = 0),
          ARRAY(SELECT p.relname::text FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhrelid WHERE h.inhparent = c.oid ORDER BY p.relname)
        FROM pg_class c
        WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname COLLATE "C"
        """;

    /// <summary>All tables of a schema, by name.</summary>
    internal static async Task<IReadOnlyList<TableShape>> ReadAsync(NpgsqlTransaction transaction, string schema, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Describe, transaction.Connection, transaction);
        command.Parameters.Add(Sql.Value(schema));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<TableShape>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = reader.GetFieldValue<string[]>(4);
            tables.Add(new(
                reader.GetString(0), reader.GetString(1), reader.GetFieldValue<string[]>(3),
                key.Length > 0 ? key : [.. reader.GetFieldValue<string[]>(5), $"{ArchiveRows.AsText} COLLATE \"C\""],
                reader.GetBoolean(2), reader.GetFieldValue<string[]>(6)));
        }

        return tables;
    }

    /// <summary>Those that are archived.</summary>
    internal static async Task<IReadOnlyList<TableShape>> ReadArchivedAsync(NpgsqlTransaction transaction, string schema, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(transaction, schema, cancellationToken)).Where(table => !NotArchived.Contains(table.Name))];
}
