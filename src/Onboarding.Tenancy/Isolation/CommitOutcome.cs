using System.Data.Common;
using Npgsql;

namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// Finds out what became of a transaction whose COMMIT got no answer (FAULT-5, SQLSTATE 57P01 and lost connections):
/// it asks PostgreSQL by transaction id and never repeats blindly.
/// </summary>
/// <remarks>
/// An id alone can bear false witness: a crash may lose a transaction that had not reached the log yet, and then the
/// next one gets its id. "Committed" therefore counts only together with a row that the transaction added.
/// </remarks>
public sealed class CommitOutcome(NpgsqlDataSource dataSource, TimeProvider clock)
{
    private const string Committed = "committed";
    private const string Aborted = "aborted";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Returns when the transaction that <paramref name="proof"/> is of committed. Throws <paramref name="failure"/> when it
    /// did not, which makes a repeat safe, and <see cref="CommitInDoubtException"/> when that cannot be told in time.
    /// </summary>
    internal Task SettleAsync(CommitProof proof, DbException failure) => SettleAsync(proof.TransactionId!, proof.Witness, failure);

    /// <inheritdoc cref="SettleAsync(CommitProof, DbException)"/>
    internal async Task SettleAsync(string transactionId, Witness? witness, DbException failure)
    {
        dataSource.Clear();
        var deadline = clock.GetUtcNow() + Patience;
        while (clock.GetUtcNow() < deadline)
        {
            switch (await AskAsync(transactionId, witness))
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
    private async Task<(string? Status, bool? IsThere)> AskAsync(string transactionId, Witness? witness)
    {
        string? status = null;
        bool? isThere = null;
        try
        {
            // The row is looked for after the status was read.
            await using var batch = TenantBatch.Of(dataSource);
            batch.AddSharedQuery(row => status = row.IsDBNull(0) ? null : row.GetString(0), "SELECT pg_xact_status($1::text::xid8)", new NpgsqlParameter { Value = transactionId });
            if (witness is not null)
            {
                var (sql, id) = ($"SELECT EXISTS (SELECT FROM {witness.Table} WHERE id = $1)", new NpgsqlParameter { Value = witness.Id });
                if (witness.Organization is { } organization)
                {
                    batch.AddQuery(organization, row => isThere = row.GetBoolean(0), sql, id);
                }
                else
                {
                    batch.AddSharedQuery(row => isThere = row.GetBoolean(0), sql, id);
                }
            }

            await batch.ExecuteAsync(CancellationToken.None);
            return (status, isThere);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidParameterValue && status is null)
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
