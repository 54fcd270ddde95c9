using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Members;

/// <summary>Who takes a seat of the plan: whoever was let in and was not shut out since.</summary>
public static class Seats
{
    // By a lock that is given in the order of asking: a row that some share is given to the next one who shares it, however long
    // somebody waits to have it alone. Whoever has it alone holds the settings too, which others lock before they let somebody in.
    private const string Lock = "hashtextextended('seats ' || current_schema(), 0)";
    private const string Together = $"SELECT pg_advisory_xact_lock_shared({Lock})";
    private const string Alone = $"SELECT pg_advisory_xact_lock({Lock})";
    private const string Settings = "SELECT 1 FROM settings FOR UPDATE";
    private const string Count = "SELECT count(*)::int, current_setting('max_connections')::int FROM members WHERE status IN ('approved', 'active')";

    /// <summary>Whether a member takes one.</summary>
    public static readonly Expression<Func<Member, bool>> IsTaken = member => member.Status == MemberStatus.Approved || member.Status == MemberStatus.Active;

    /// <summary>How many are taken. Whoever else counts them waits until the transaction that is under way has ended (ONB-11).</summary>
    public static async Task<int> CountAloneAsync(TenantDbContext db, CancellationToken cancellationToken) => (await CountAsync(db, [Alone, Settings], cancellationToken)).Used;

    /// <summary>
    /// Whether one more can be taken inside the transaction that is under way, beside others that do the same: so many are free
    /// that all of them together do not come to the limit. Whoever hears false rolls back before counting alone.
    /// </summary>
    /// <remarks>
    /// Whoever counts alone waits for all who were let in like this, and the last of those to count saw all but such as were
    /// under way then: fewer than the server has connections, each with one seat.
    /// </remarks>
    public static async Task<bool> ArePlentyAsync(TenantDbContext db, long limit, CancellationToken cancellationToken)
    {
        var (used, connections) = await CountAsync(db, [Together], cancellationToken);
        return used + connections <= limit;
    }

    // Statements of their own: the count sees whoever the locks have waited for.
    private static async Task<(int Used, int Connections)> CountAsync(TenantDbContext db, string[] locks, CancellationToken cancellationToken)
    {
        var transaction = (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction();
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        foreach (var statement in (string[])[.. locks, Count])
        {
            batch.BatchCommands.Add(new(statement));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var i = 0; i < locks.Length; i++)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }
}
