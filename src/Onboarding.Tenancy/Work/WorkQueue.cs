using Npgsql;

namespace Onboarding.Tenancy.Work;

/// <summary>A claimed pointer.</summary>
/// <param name="Id">Of the pointer.</param>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="Kind">One of <see cref="WorkKinds"/>.</param>
/// <param name="RefId">The row in the organization's schema.</param>
/// <param name="Attempt">1 for the first try.</param>
/// <param name="ClaimId">Fence: what a later claimer has taken over cannot be completed by this one.</param>
public sealed record ClaimedWork(Guid Id, Guid OrganizationId, string Kind, Guid RefId, int Attempt, Guid ClaimId);

/// <summary>
/// <c>platform.work</c>: what is due in any organization, in one small table, so that idle organizations cost nothing
/// to poll.
/// </summary>
public sealed class WorkQueue(NpgsqlDataSource dataSource, TimeProvider clock)
{
    /// <summary>How long what is due to an organization on its way out waits before it is looked at again. Restoring it wakes its work.</summary>
    public static readonly TimeSpan WhileLeaving = TimeSpan.FromMinutes(10);

    /// <summary>Removes finished items that are still their worker's: ids and claims, as two arrays.</summary>
    public const string Complete = "DELETE FROM platform.work w USING unnest($1, $2) AS mine (id, claim_id) WHERE w.id = mine.id AND w.claim_id = mine.claim_id";

    /// <summary>Of which of these kinds something is due, in one round trip and without taking any of it.</summary>
    public async Task<IReadOnlyList<string>> DueAsync(IEnumerable<string> kinds, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT kind FROM unnest($2) AS kind
            WHERE EXISTS (SELECT FROM platform.work w WHERE w.kind = kind.kind AND w.due_at <= $1)
              OR kind = '{WorkKinds.PlatformEmail}' AND EXISTS (SELECT FROM platform.emails e WHERE e.due_at <= $1)
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = clock.GetUtcNow() });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. kinds] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(reader.GetString(0));
        }

        return due;
    }

    /// <summary>Takes up to <paramref name="limit"/> due items of a kind for <paramref name="lease"/>, oldest first, in one round trip.</summary>
    /// <remarks>Given up before it begins, or not at all: what was claimed and not told would wait for its lease.</remarks>
    public async Task<IReadOnlyList<ClaimedWork>> ClaimAsync(string kind, int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // The lease is the next due time: a worker that dies with a claim needs nobody to reclaim it. Materialized, because a
        // sub-select may be run once for each row that it is compared with, and then finds more than its limit.
        await using var command = dataSource.CreateCommand("""
            WITH due AS MATERIALIZED (SELECT id FROM platform.work WHERE kind = $5 AND due_at <= $1 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
            UPDATE platform.work w SET due_at = $1 + $2, attempt = attempt + 1, claim_id = $3
            FROM due WHERE w.id = due.id
            RETURNING w.id, w.organization_id, w.ref_id, w.attempt
            """);
        var now = clock.GetUtcNow();
        var claim = Ids.New(now);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = claim });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind });
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var claimed = new List<ClaimedWork>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            claimed.Add(new(reader.GetGuid(0), reader.GetGuid(1), kind, reader.GetGuid(2), reader.GetInt32(3), claim));
        }

        return claimed;
    }

    /// <summary>Removes a finished item. False when another worker has taken it over meanwhile.</summary>
    public async Task<bool> CompleteAsync(ClaimedWork work, CancellationToken cancellationToken) => await CompleteAsync([work], cancellationToken) == 1;

    /// <summary>Removes finished items in one round trip; returns how many were still this worker's.</summary>
    public async Task<int> CompleteAsync(IReadOnlyCollection<ClaimedWork> work, CancellationToken cancellationToken)
    {
        if (work.Count == 0)
        {
            return 0;
        }

        await using var command = dataSource.CreateCommand(Complete);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. work.Select(item => item.Id)] });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. work.Select(item => item.ClaimId)] });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives an item back, to be tried again after <paramref name="delay"/>. False when another worker has it.</summary>
    public async Task<bool> RetryAsync(ClaimedWork work, TimeSpan delay, CancellationToken cancellationToken) => await RetryAsync([work], delay, cancellationToken) == 1;

    /// <summary>Gives an item back that was not tried, to be looked at again after <paramref name="delay"/>: this was no attempt. False when another worker has it.</summary>
    public async Task<bool> PutOffAsync(ClaimedWork work, TimeSpan delay, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("UPDATE platform.work SET due_at = $1, claim_id = NULL, attempt = attempt - 1 WHERE id = $2 AND claim_id = $3");
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = clock.GetUtcNow() + delay });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = work.Id });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = work.ClaimId });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Gives items back in one round trip; returns how many were still this worker's.</summary>
    public async Task<int> RetryAsync(IReadOnlyCollection<ClaimedWork> work, TimeSpan delay, CancellationToken cancellationToken)
    {
        if (work.Count == 0)
        {
            return 0;
        }

        await using var command = dataSource.CreateCommand("""
            UPDATE platform.work w SET due_at = $1, claim_id = NULL FROM unnest($2, $3) AS mine (id, claim_id) WHERE w.id = mine.id AND w.claim_id = mine.claim_id
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = clock.GetUtcNow() + delay });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. work.Select(item => item.Id)] });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. work.Select(item => item.ClaimId)] });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
