using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Billing;

/// <summary>How much of something the organization has used in a period.</summary>
public sealed class UsageCounter
{
    private UsageCounter()
    {
    }

    /// <summary>What is counted, such as <c>api_requests</c>.</summary>
    public string Name { get; private init; } = "";

    /// <summary>First day of the period, UTC.</summary>
    public DateOnly Period { get; private init; }

    /// <summary>How much was used, or is reserved by a node that is about to.</summary>
    public long Used { get; private init; }

    /// <summary>
    /// Takes <paramref name="wanted"/>, or what is left of <paramref name="limit"/>, in one statement: of any number at once
    /// nobody gets more than there is (BILL-23).
    /// </summary>
    /// <returns>How much was got, and how much is used by then.</returns>
    public static async Task<(long Got, long Used)> TakeAsync(TenantDbContext db, string name, DateOnly period, long wanted, long limit, CancellationToken cancellationToken)
    {
        // The row is locked by the first part, so what the second one reads stands until the end of the statement.
        var rows = await db.Database.SqlQuery<Taken>($"""
            INSERT INTO usage_counters AS c (name, period, used, got) VALUES ({name}, {period}, least({wanted}, {limit}), least({wanted}, {limit}))
            ON CONFLICT (name, period) DO UPDATE SET used = c.used + greatest(0, least({wanted}, {limit} - c.used)), got = greatest(0, least({wanted}, {limit} - c.used))
            RETURNING got, used
            """).ToListAsync(cancellationToken);
        return (rows[0].Got, rows[0].Used);
    }

    /// <summary>How much is used or reserved; 0 before the first.</summary>
    public static Task<long> ReadAsync(TenantDbContext db, string name, DateOnly period, CancellationToken cancellationToken) =>
        db.UsageCounters.AsNoTracking().Where(counter => counter.Name == name && counter.Period == period).Select(counter => counter.Used).SingleOrDefaultAsync(cancellationToken);

    /// <summary>Gives back what was taken and not used.</summary>
    public static Task GiveBackAsync(TenantDbContext db, string name, DateOnly period, long unused, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"UPDATE usage_counters SET used = greatest(0, used - {unused}) WHERE name = {name} AND period = {period}", cancellationToken);

    /// <summary>How much the last taker got: what tells it, in the statement that takes.</summary>
    internal long Got { get; private init; }

    private sealed record Taken(long Got, long Used);
}
