using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.SignIn;

/// <summary>Says whether a super admin's session lives: one statement at every request, so that its end acts at once and everywhere (SEC-37).</summary>
/// <remarks>Super admins are few, and so are their requests; nothing is remembered that would have to be forgotten in time.</remarks>
internal sealed class PlatformSessions(IDbContextFactory<PlatformDbContext> platform, IOptions<PlatformOptions> options, IHostEnvironment environment, TimeProvider clock)
{
    /// <summary>Notes that the session is used. False when it has ended, lay unused for too long, has shown less than is asked for, or its account is closed.</summary>
    public async Task<bool> TryUseAsync(Guid session, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (idle, mayLackMfa) = (now - options.Value.SessionIdle, environment.IsDevelopment());
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.SuperAdminSessions
            .Where(s => s.Id == session && s.EndedAt == null && s.ExpiresAt > now && s.LastUsedAt > idle && (s.IsMultiFactor || mayLackMfa)
                && db.SuperAdmins.Any(a => a.Id == s.SuperAdminId && a.DisabledAt == null))
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.LastUsedAt, now), cancellationToken) == 1;
    }

    /// <summary>Ends a session; whatever acts in its name inside organizations ends with it. False when it had ended before.</summary>
    public async Task<bool> EndAsync(PlatformDbContext db, Guid session, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return await db.SuperAdminSessions.Where(s => s.Id == session && s.EndedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, now), cancellationToken) == 1;
    }

    /// <summary>Drops sessions that ended long ago; run by the cluster.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        var limit = clock.GetUtcNow() - TimeSpan.FromDays(90);
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.SuperAdminSessions.Where(s => s.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
    }
}
