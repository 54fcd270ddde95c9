using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Mail;

/// <summary>A claimed mail.</summary>
/// <param name="Id">Of the mail.</param>
/// <param name="Content">What it holds, encrypted.</param>
/// <param name="CreatedAt">When it was composed.</param>
/// <param name="ExpiresAt">When what it carries stops being good.</param>
/// <param name="Attempt">1 for the first try.</param>
/// <param name="ClaimId">Fence: what a later claimer has taken over cannot be finished by this one.</param>
public sealed record ClaimedPlatformEmail(Guid Id, byte[] Content, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, int Attempt, Guid ClaimId);

/// <summary><c>platform.emails</c> as a queue, by the same rules as <see cref="Work.WorkQueue"/>; the mails themselves are in it.</summary>
public sealed class PlatformEmailQueue(NpgsqlDataSource dataSource, TimeProvider clock)
{
    /// <summary>Takes up to <paramref name="limit"/> due mails for <paramref name="lease"/>, oldest first.</summary>
    public async Task<IReadOnlyList<ClaimedPlatformEmail>> ClaimAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("""
            WITH due AS MATERIALIZED (SELECT id FROM platform.emails WHERE due_at <= $1 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
            UPDATE platform.emails e SET due_at = $1 + $2, attempt = attempt + 1, claim_id = $3
            FROM due WHERE e.id = due.id
            RETURNING e.id, e.content, e.created_at, e.expires_at, e.attempt
            """);
        var now = clock.GetUtcNow();
        var claim = Ids.New(now);
        command.Parameters.AddRange(new[] { Sql.Value(now), Sql.Value(lease), Sql.Value(claim), Sql.Value(limit) });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<ClaimedPlatformEmail>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new(
                reader.GetGuid(0), reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetInt32(4), claim));
        }

        return claimed;
    }

    /// <summary>Removes a mail that was sent or given up, unless another worker has it by now.</summary>
    public async Task RemoveAsync(ClaimedPlatformEmail email, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("DELETE FROM platform.emails WHERE id = $1 AND claim_id = $2");
        command.Parameters.AddRange(new[] { Sql.Value(email.Id), Sql.Value(email.ClaimId) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives a mail back, to be tried again after <paramref name="delay"/>, unless another worker has it by now.</summary>
    public async Task RetryAsync(ClaimedPlatformEmail email, TimeSpan delay, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("UPDATE platform.emails SET due_at = $1, claim_id = NULL WHERE id = $2 AND claim_id = $3");
        command.Parameters.AddRange(new[] { Sql.Value(clock.GetUtcNow() + delay), Sql.Value(email.Id), Sql.Value(email.ClaimId) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
