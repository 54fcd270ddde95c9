using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Members;

/// <summary>Who takes a seat of the plan: whoever was let in and was not shut out since.</summary>
public static class Seats
{
    // Two statements: the count sees whoever the lock has waited for.
    private const string Alone = "SELECT 1 FROM settings FOR UPDATE";
    private const string Together = "SELECT 1 FROM settings FOR KEY SHARE";
    private const string Count = "SELECT count(*)::int, current_setting('max_connections')::int FROM members WHERE status IN ('approved', 'active')";

    /// <summary>Whether a member takes one.</summary>
    public static readonly Expression<Func<Member, bool>> IsTaken = member => member.Status == MemberStatus.Approved || member.Status == MemberStatus.Active;

    /// <summary>How many are taken. Whoever else counts them waits until the transaction that is under way has ended (ONB-11).</summary>
    public static async Task<int> CountAloneAsync(TenantDbContext db, CancellationToken cancellationToken) => (await CountAsync(db, Alone, cancellationToken)).Used;

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
        var (used, connections) = await CountAsync(db, Together, cancellationToken);
        return used + connections <= limit;
    }

    private static async Task<(int Used, int Connections)> CountAsync(TenantDbContext db, string hold, CancellationToken cancellationToken)
    {
        var transaction = (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction();
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction) { BatchCommands = { new(hold), new(Count) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }
}
