using Microsoft.EntityFrameworkCore;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once a day: announces the next signing key in time and withdraws those that nothing is signed by any more.</summary>
[DisallowConcurrentExecution]
internal sealed class RotateSigningKeys(SigningKeys keys) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await keys.RotateAsync(cancellationToken);
}

/// <summary>Once a day: drops what has served its time, organization by organization.</summary>
[DisallowConcurrentExecution]
internal sealed class PurgeExpired(
    IDbContextFactory<PlatformDbContext> platform, TenantScope tenants, RevokedTokens revoked, TimeProvider clock) : IJob
{
    /// <summary>How long finished codes, links, sessions, mails and events are kept for whoever has to look into something.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        await revoked.PurgeAsync(cancellationToken);
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var organizations = await db.Organizations.AsNoTracking().Where(o => o.Status == OrganizationStatus.Active).ToListAsync(cancellationToken);
        foreach (var organization in organizations)
        {
            await tenants.RunAsync(organization, services => PurgeAsync(services.GetRequiredService<TenantDbContext>(), cancellationToken));
        }
    }

    private async Task PurgeAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        var limit = clock.GetUtcNow() - Kept;
        await db.OneTimeCodes.Where(c => c.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.PasswordLinks.Where(l => l.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.RefreshTokens.Where(t => t.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Sessions.Where(s => s.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.SignInChallenges.Where(c => c.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.RememberedDevices.Where(d => d.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Emails.Where(e => e.FinishedAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Outbox.Where(e => e.HandledAt < limit).ExecuteDeleteAsync(cancellationToken);
    }
}
