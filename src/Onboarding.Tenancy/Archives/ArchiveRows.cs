using System.Data;
using System.Security.Cryptography;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Archives;

/// <summary>How rows become lines, the same ones for the same rows.</summary>
internal static class ArchiveRows
{
    /// <summary>A row as JSON. The alias is no column's name.</summary>
    public const string AsText = $"to_jsonb({Alias})::text";

    /// <summary>For one statement that reads or writes a whole table.</summary>
    public const int CommandTimeout = 3600;

    private const string Alias = "archived_row";

    // What a value looks like must not depend on how a server, a database or a login is set up.
    private const string Settings = """
        SELECT set_config('search_path', $1, true), set_config('TimeZone', 'UTC', true), set_config('bytea_output', 'hex', true),
          set_config('IntervalStyle', 'postgres', true), set_config('extra_float_digits', '1', true)
        """;

    /// <summary>Settles for the transaction where tables are found and how values are written.</summary>
    public static async Task SettleAsync(NpgsqlTransaction transaction, string schema, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Settings, transaction.Connection, transaction);
        command.Parameters.Add(Sql.Value(schema));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes all rows of a table to <paramref name="output"/>, and says what was written. One row is held at a time.</summary>
    public static async Task<ArchivedTable> WriteAsync(NpgsqlTransaction transaction, TableShape table, Stream output, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (rows, bytes) = (0L, 0L);
        await using var command = new NpgsqlCommand(
            $"SELECT convert_to({AsText} || E'\\n', 'UTF8') FROM {table.Quoted} AS {Alias} ORDER BY {string.Join(", ", table.Key)}", transaction.Connection, transaction)
        {
            CommandTimeout = CommandTimeout,
        };
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        try
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var line = await reader.GetFieldValueAsync<byte[]>(0, cancellationToken);
                hash.AppendData(line);
                await output.WriteAsync(line, cancellationToken);
                (rows, bytes) = (rows + 1, bytes + line.Length);
            }
        }
        catch
        {
            // Or all the rest of the table would be read before the connection is given back.
            command.Cancel();
            throw;
        }

        return new(table.Name, rows, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()), table.Partitions);
    }
}
