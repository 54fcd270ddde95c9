using System.Data.Common;
using Npgsql;

namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// Finds out what became of a transaction whose COMMIT got no answer (FAULT-5, SQLSTATE 57P01 and lost connections):
/// it asks PostgreSQL by transaction id and never repeats blindly.
/// </summary>
internal sealed class CommitOutcome(NpgsqlDataSource dataSource, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Returns when the transaction committed. Throws <paramref name="failure"/> when it did not, which makes a repeat
    /// safe, and <see cref="CommitInDoubtException"/> when that cannot be told in time.
    /// </summary>
    public async Task SettleAsync(string transactionId, DbException failure)
    {
        dataSource.Clear();
        var deadline = clock.GetUtcNow() + Patience;
        while (clock.GetUtcNow() < deadline)
        {
            switch (await AskAsync(transactionId))
            {
                case "committed":
                    return;
                case "aborted":
                    throw failure;
                default:
                    // The server is on its way back, or still busy with the commit.
                    await Task.Delay(Pause, clock);
                    break;
            }
        }

        throw new CommitInDoubtException(failure);
    }

    private async Task<string?> AskAsync(string transactionId)
    {
        try
        {
            await using var command = dataSource.CreateCommand("SELECT pg_xact_status($1::text::xid8)");
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = transactionId });
            return await command.ExecuteScalarAsync() as string;
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }
}

/// <summary>PostgreSQL could not be asked in time whether a COMMIT took place. Neither success nor a repeat may be claimed.</summary>
public sealed class CommitInDoubtException(Exception inner) : Exception("The outcome of a COMMIT could not be determined.", inner);
