using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.SignIn;
using Onboarding.Billing.Callbacks;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;
using Onboarding.Webhooks;
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
    EveryOrganization organizations, IDbContextFactory<PlatformDbContext> platform, RevokedTokens revoked, PlatformSessions superAdmins, CallbackInbox callbacks, WebhookAttemptPartitions partitions, IOptions<RegistrationOptions> registration,
    IOptions<DeliveryOptions> delivery, TimeProvider clock) : IJob
{
    /// <summary>
    /// How long what is finished is kept for whoever has to look into something: codes, links, sessions, mails, events,
    /// invitations, and people who were turned down, never came or left (ONB-17). Who is blocked stays, to stay blocked.
    /// </summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>Sign-ins by passkey that were begun are kept for this long: anybody may begin one, and few say anything.</summary>
    private static readonly TimeSpan BegunKept = TimeSpan.FromDays(1);

    /// <summary>How long keys that are no longer good are kept, and what each was used for: whoever asks may ask for a year.</summary>
    private static readonly TimeSpan KeysKept = TimeSpan.FromDays(400);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        await revoked.PurgeAsync(cancellationToken);
        await superAdmins.PurgeAsync(cancellationToken);
        await callbacks.PurgeAsync(cancellationToken);
        await PurgeSignUpsAsync(cancellationToken);
        await organizations.RunAsync(PurgeAsync, cancellationToken);
    }

    // All but those whose organization a node has yet to set up.
    private async Task PurgeSignUpsAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.SignUps.Where(s => s.ExpiresAt < now && !db.Work.Any(w => w.Kind == WorkKinds.Found && w.RefId == s.Id)).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task PurgeAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        var limit = clock.GetUtcNow() - Kept;
        await db.OneTimeCodes.Where(c => c.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.PasswordLinks.Where(l => l.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.RefreshTokens.Where(t => t.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Sessions.Where(s => s.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        var begun = clock.GetUtcNow() - BegunKept;
        await db.SignInChallenges.Where(c => c.ExpiresAt < limit || (c.Kind == ChallengeKind.PasskeySignIn && c.ExpiresAt < begun)).ExecuteDeleteAsync(cancellationToken);
        await db.RememberedDevices.Where(d => d.ExpiresAt < limit).ExecuteDeleteAsync(cancellationToken);
        var (old, oldDay) = (clock.GetUtcNow() - KeysKept, DateOnly.FromDateTime((clock.GetUtcNow() - KeysKept).UtcDateTime));
        await db.ApiKeys.Where(k => (k.RevokedAt ?? k.ExpiresAt) < old).ExecuteDeleteAsync(cancellationToken);
        await db.ApiKeyUsage.Where(u => u.Day < oldDay).ExecuteDeleteAsync(cancellationToken);
        await db.UsageCounters.Where(c => c.Period < oldDay).ExecuteDeleteAsync(cancellationToken);
        await db.Emails.Where(e => e.FinishedAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Outbox.Where(e => e.HandledAt < limit).ExecuteDeleteAsync(cancellationToken);
        await db.Invitations.Where(i => (i.AcceptedAt ?? i.RevokedAt ?? i.ExpiresAt) < limit).ExecuteDeleteAsync(cancellationToken);

        await PurgeWebhooksAsync(db, cancellationToken);

        // Who was turned down is known at least until they may register again (ONB-4).
        var reviewed = registration.Value.CoolDown > Kept ? clock.GetUtcNow() - registration.Value.CoolDown : limit;
        var registered = limit - ExpireRegistrations.Patience;
        await db.Members
            .Where(m => (m.Status == MemberStatus.Rejected && m.DecidedAt < reviewed)
                || (m.Status == MemberStatus.Removed && m.DecidedAt < limit)
                || (m.Status == MemberStatus.Expired && m.RegisteredAt < registered))
            .ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Messages with their deliveries, a batch at a time, and attempts by the month (HOOK-25). What still waits after so long is parked, and goes too.</summary>
    private async Task PurgeWebhooksAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        const int Batch = 5_000;
        var (now, kept) = (clock.GetUtcNow(), delivery.Value.Retention);
        var (limit, oldest) = (now - kept, Ids.New(now - kept)); // ids are in the order of time
        await partitions.RollAsync(db.Organization!.Key, now, kept, cancellationToken);
        await db.Database.ExecuteSqlAsync($"DELETE FROM webhook_attempts_other WHERE started_at < {limit}", cancellationToken);
        while (await db.WebhookMessages.Where(m => m.Id < oldest).OrderBy(m => m.Id).Take(Batch).ExecuteDeleteAsync(cancellationToken) == Batch)
        {
        }
    }
}
