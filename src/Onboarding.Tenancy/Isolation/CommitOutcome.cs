using System.Data.Common;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// Finds out what became of a transaction whose COMMIT got no answer (FAULT-5, SQLSTATE 57P01 and lost connections):
/// it asks PostgreSQL by transaction id and never repeats blindly.
/// </summary>
/// <remarks>
/// An id alone can bear false witness: a crash may lose a transaction that had not reached the log yet, and then the
/// next one gets its id. "Committed" therefore counts only together with a row that the transaction added.
/// </remarks>
internal sealed class CommitOutcome(NpgsqlDataSource dataSource, TimeProvider clock)
{
    private const string Committed = "committed";
    private const string Aborted = "aborted";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Returns when the last transaction of <paramref name="db"/> committed. Throws <paramref name="failure"/> when it
    /// did not, which makes a repeat safe, and <see cref="CommitInDoubtException"/> when that cannot be told in time.
    /// </summary>
    public async Task SettleAsync(TenantDbContext db, DbException failure)
    {
        var (schema, transactionId, witness) = (db.Organization!.Schema, db.TransactionId!, db.Witness);
        dataSource.Clear();
        var deadline = clock.GetUtcNow() + Patience;
        while (clock.GetUtcNow() < deadline)
        {
            switch (await AskAsync(schema, transactionId, witness))
            {
                case (Committed, true):
                    return;
                case (Committed, false):
                case (Aborted, _):
                    throw failure;
                case (Committed, null):
                    throw new CommitInDoubtException(failure);
                default:
                    // The server is on its way back, or still busy with the commit.
                    await Task.Delay(Pause, clock);
                    break;
            }
        }

        throw new CommitInDoubtException(failure);
    }

    /// <returns>PostgreSQL's word, null while it has none; and whether the witness is there, null without one.</returns>
    private async Task<(string? Status, bool? IsThere)> AskAsync(string schema, string transactionId, Witness? witness)
    {
        try
        {
            // One implicit transaction, for which the settings hold; the row is looked for after the status was read.
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(new("SELECT set_config('search_path', $1, true), set_config('role', $1, true), pg_xact_status($2::text::xid8)")
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = schema }, new NpgsqlParameter<string> { TypedValue = transactionId } },
            });
            if (witness is not null)
            {
                batch.BatchCommands.Add(new($"SELECT EXISTS (SELECT FROM {witness.Table} WHERE id = $1)")
                {
                    Parameters = { new NpgsqlParameter<Guid> { TypedValue = witness.Id } },
                });
            }

            await using var reader = await batch.ExecuteReaderAsync();
            await reader.ReadAsync();
            var status = reader.IsDBNull(2) ? null : reader.GetString(2);
            return (status, await reader.NextResultAsync() && await reader.ReadAsync() ? reader.GetBoolean(0) : null);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            // "in the future": the server has forgotten the id and has not given it to anybody again yet.
            return (Aborted, null);
        }
        catch (NpgsqlException)
        {
            return (null, null);
        }
    }
}

/// <summary>PostgreSQL could not be asked in time whether a COMMIT took place. Neither success nor a repeat may be claimed.</summary>
public sealed class CommitInDoubtException(Exception inner) : Exception("The outcome of a COMMIT could not be determined.", inner);
