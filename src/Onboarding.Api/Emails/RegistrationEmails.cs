using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Emails;

/// <summary>The mails from a registration to the first password.</summary>
internal sealed class RegistrationEmails(TenantDbContext db, EmailQueue queue, SecretHasher hasher, TimeProvider clock)
{
    public async Task VerificationCodeAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await queue.FindAsync(memberId, cancellationToken) is not { Status: MemberStatus.PendingVerification } member)
        {
            return;
        }

        await db.OneTimeCodes.Where(c => c.MemberId == memberId && c.Purpose == CodePurpose.VerifyEmail && c.ClosedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.ClosedAt, now), cancellationToken);
        var (code, digits) = OneTimeCode.Create(memberId, CodePurpose.VerifyEmail, hasher, now);
        db.OneTimeCodes.Add(code);
        queue.Add(eventId, member, "verification_code", code.ExpiresAt, new VerificationCodeEmail
        {
            FullName = member.FullName,
            Code = digits,
            MinutesValid = (int)OneTimeCode.Lifetime.TotalMinutes,
        });
    }

    public async Task ApprovedAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await queue.FindAsync(memberId, cancellationToken) is not { Status: MemberStatus.Approved } member)
        {
            return;
        }

        await db.PasswordLinks.Where(l => l.MemberId == memberId && l.Purpose == LinkPurpose.SetPassword && l.UsedAt == null && l.SupersededAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.SupersededAt, now), cancellationToken);
        var (link, token) = PasswordLink.Create(memberId, LinkPurpose.SetPassword, now);
        db.PasswordLinks.Add(link);
        queue.Add(eventId, member, "approved", link.ExpiresAt, new ApprovedEmail
        {
            FullName = member.FullName,
            SetPasswordUrl = new Uri($"{queue.Url}/set-password/{token}"),
            HoursValid = (int)PasswordLink.LifetimeOf(LinkPurpose.SetPassword).TotalHours,
        });
    }

    public async Task RejectedAsync(Guid eventId, Guid memberId, string? reason, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(memberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "rejected", expiresAt: null, new RejectedEmail { FullName = member.FullName, Reason = reason });
        }
    }

    public async Task AccountExistsAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(memberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "account_exists", expiresAt: null, new AccountExistsEmail { FullName = member.FullName, SignInUrl = new Uri(queue.Url) });
        }
    }
}
