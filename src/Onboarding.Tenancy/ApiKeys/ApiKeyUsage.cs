using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.ApiKeys;

/// <summary>How much a key was used on one day (UTC).</summary>
public sealed class ApiKeyUsage
{
    private ApiKeyUsage()
    {
    }

    /// <summary>The key.</summary>
    public Guid KeyId { get; private init; }

    /// <summary>The day, by UTC.</summary>
    public DateOnly Day { get; private init; }

    /// <summary>Requests that it came with, refused ones included.</summary>
    public long Requests { get; private set; }

    /// <summary>How many of them were refused for its network or its rate limit.</summary>
    public long Refused { get; private set; }

    /// <summary>Adds what was counted, and notes when each key was last used: one statement, whatever the number of keys.</summary>
    /// <remarks>
    /// Rows are locked in their order, so that two nodes which count the same keys wait for each other and never for both.
    /// Keys that are gone meanwhile count for nothing.
    /// </remarks>
    public static Task AddAsync(TenantDbContext db, IReadOnlyCollection<CountedUse> counted, CancellationToken cancellationToken)
    {
        var (keys, days) = (counted.Select(use => use.KeyId).ToArray(), counted.Select(use => use.Day).ToArray());
        var (requests, refused) = (counted.Select(use => use.Requests).ToArray(), counted.Select(use => use.Refused).ToArray());
        var used = counted.Select(use => use.LastUsedAt).ToArray();
        return db.Database.ExecuteSqlAsync(
            $"""
            WITH counted AS (
              SELECT * FROM unnest({keys}, {days}, {requests}, {refused}, {used}) AS c(key_id, day, requests, refused, used_at)),
            locked AS (
              SELECT id FROM api_keys WHERE id IN (SELECT key_id FROM counted) ORDER BY id FOR NO KEY UPDATE),
            noted AS (
              UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, c.used_at)
              FROM (SELECT key_id, max(used_at) AS used_at FROM counted GROUP BY key_id) c JOIN locked ON locked.id = c.key_id
              WHERE k.id = c.key_id RETURNING k.id)
            INSERT INTO api_key_usage AS u (key_id, day, requests, refused)
            SELECT c.key_id, c.day, c.requests, c.refused FROM counted c JOIN noted ON noted.id = c.key_id
            ON CONFLICT (key_id, day) DO UPDATE SET requests = u.requests + excluded.requests, refused = u.refused + excluded.refused
            """,
            cancellationToken);
    }
}

/// <summary>What one node has counted of one key on one day.</summary>
public sealed record CountedUse(Guid KeyId, DateOnly Day, long Requests, long Refused, DateTimeOffset LastUsedAt);
