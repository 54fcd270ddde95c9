using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.SignIn;

/// <summary>Access tokens that are refused although their ten minutes are not over (SEC-24).</summary>
/// <remarks>
/// The rows in <c>platform.revocations</c> are the truth. Every node holds the few that still matter in memory: it hears
/// of new ones by NOTIFY, looks every second in case it did not, and reads them all when it starts.
/// </remarks>
internal sealed class RevokedTokens(
    IDbContextFactory<PlatformDbContext> platform, ClusterSignals signals, IOptions<SignInOptions> options, TimeProvider clock)
{
    // Rows become visible at commit, a little after they are stamped, and by a clock that may be behind ours (FAULT-9);
    // the overlap catches the stragglers.
    private static readonly TimeSpan Overlap = AccessTokenHandler.ClockSkew + TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<(Guid Organization, Guid Subject), DateTimeOffset> revoked = new();
    private DateTimeOffset readUpTo = DateTimeOffset.MinValue;

    private TimeSpan Relevant => options.Value.AccessTokenLifetime + AccessTokenHandler.ClockSkew;

    /// <summary>Whether tokens of this session, or of this member up to <paramref name="issuedAt"/>, are refused.</summary>
    public bool Contains(Organization organization, Guid sessionId, Guid memberId, DateTimeOffset issuedAt) =>
        revoked.ContainsKey((organization.Key, sessionId))
        || (revoked.TryGetValue((organization.Key, memberId), out var at) && issuedAt <= at);

    /// <summary>Whether this session's revocation is known already.</summary>
    public bool ContainsSession(Organization organization, Guid sessionId) => revoked.ContainsKey((organization.Key, sessionId));

    /// <summary>Refuses the tokens of sessions, or of members up to now: here at once, elsewhere as fast as NOTIFY.</summary>
    public async Task RevokeAsync(Organization organization, IReadOnlyCollection<Guid> subjects, CancellationToken cancellationToken)
    {
        if (subjects.Count == 0)
        {
            return;
        }

        var now = clock.GetUtcNow();
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        db.Revocations.AddRange(subjects.Select(subject => Revocation.Of(organization.Key, subject, now)));
        await db.SaveChangesAsync(cancellationToken);

        // Only now, so that what is in memory is certainly in the table (the event's consumer relies on it).
        foreach (var subject in subjects)
        {
            revoked[(organization.Key, subject)] = now;
        }

        await signals.NotifyAsync(ClusterSignals.Revocation, "", cancellationToken);
    }

    /// <summary>Reads what other nodes have revoked.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var since = readUpTo == DateTimeOffset.MinValue ? now - Relevant : readUpTo - Overlap;
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await foreach (var row in db.Revocations.AsNoTracking().Where(r => r.RevokedAt > since).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            revoked.AddOrUpdate((row.OrganizationId, row.SubjectId), row.RevokedAt, (_, known) => known > row.RevokedAt ? known : row.RevokedAt);
        }

        readUpTo = now;
        foreach (var (key, at) in revoked.Where(entry => entry.Value < now - Relevant))
        {
            revoked.TryRemove(new(key, at));
        }
    }

    /// <summary>Drops rows that no living token can match any more; run by the cluster.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        var limit = clock.GetUtcNow() - Relevant - Relevant;
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.Revocations.Where(r => r.RevokedAt < limit).ExecuteDeleteAsync(cancellationToken);
    }
}
