using Onboarding.Api.Features.Members;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Emails;

/// <summary>The mails about an account that exists: what opens it again, and what its owner has to hear of.</summary>
internal sealed class AccountEmails(TenantDbContext db, EmailQueue queue, SecretHasher hasher, TimeProvider clock)
{
    public async Task ResetPasswordAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();

        // Locked, so that no link is on its way to an address or for a password that changes at this moment.
        if (await db.LockMemberAsync(memberId, cancellationToken) is not { Status: MemberStatus.Active } member)
        {
            return;
        }

        await db.PasswordLinks.Where(l => l.MemberId == memberId && l.Purpose == LinkPurpose.ResetPassword && l.UsedAt == null && l.SupersededAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.SupersededAt, now), cancellationToken);
        var (link, token) = PasswordLink.Create(memberId, LinkPurpose.ResetPassword, now);
        db.PasswordLinks.Add(link);
        queue.Add(eventId, member, "reset_password", link.ExpiresAt, new ResetPasswordEmail
        {
            FullName = member.FullName,
            ResetPasswordUrl = new Uri($"{queue.Url}/reset-password/{token}"),
            MinutesValid = (int)PasswordLink.LifetimeOf(LinkPurpose.ResetPassword).TotalMinutes,
        });
    }

    public async Task PasswordChangedAsync(Guid eventId, MemberPasswordChanged changed, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(changed.MemberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "password_changed", expiresAt: null, new PasswordChangedEmail
            {
                FullName = member.FullName,
                Reset = changed.Reset,
                ChangedAt = changed.OccurredAt,
            });
        }
    }

    public async Task ChangeEmailCodeAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();

        // Locked: the code proves the address that is pending when it is made, and dies when another one is asked for.
        if (await db.LockMemberAsync(memberId, cancellationToken) is not { Status: MemberStatus.Active, PendingEmail: { } wanted } member)
        {
            return;
        }

        await db.OneTimeCodes.Where(c => c.MemberId == memberId && c.Purpose == CodePurpose.ChangeEmail && c.ClosedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.ClosedAt, now), cancellationToken);
        var (code, digits) = OneTimeCode.Create(memberId, CodePurpose.ChangeEmail, hasher, now);
        db.OneTimeCodes.Add(code);
        queue.Add(eventId, member, "change_email_code", code.ExpiresAt, to: wanted, mail: new ChangeEmailCodeEmail
        {
            FullName = member.FullName,
            Code = digits,
            MinutesValid = (int)OneTimeCode.Lifetime.TotalMinutes,
        });
    }

    public async Task EmailChangedAsync(Guid eventId, MemberEmailChanged changed, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(changed.MemberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "email_changed", expiresAt: null, to: changed.From, mail: new EmailChangedEmail
            {
                FullName = member.FullName,
                ChangedAt = changed.OccurredAt,
            });
        }
    }

    /// <summary>Tells members who have signed in before of a sign-in from something that they have never used.</summary>
    public async Task SignedInAsync(Guid eventId, SessionStarted started, CancellationToken cancellationToken)
    {
        var earlier = db.Sessions.Where(s => s.MemberId == started.MemberId && s.Id != started.SessionId);
        var found = await db.Sessions.AsNoTracking().Where(s => s.Id == started.SessionId)
            .Join(db.Members, s => s.MemberId, m => m.Id, (session, member) => new { Session = session, Member = member })
            .Where(f => earlier.Any(s => s.CreatedAt < f.Session.CreatedAt)
                && !earlier.Any(s => s.CreatedAt < f.Session.CreatedAt && s.UserAgent == f.Session.UserAgent))
            .SingleOrDefaultAsync(cancellationToken);
        if (found is not null)
        {
            queue.Add(eventId, found.Member, "new_sign_in", expiresAt: null, new NewSignInEmail
            {
                FullName = found.Member.FullName,
                Device = DeviceName.Of(found.Session.UserAgent),
                SignedInAt = found.Session.CreatedAt,
                IpAddress = found.Session.IpAddress,
            });
        }
    }

    public async Task MfaChangedAsync(Guid eventId, MemberMfaChanged changed, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(changed.MemberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "mfa_changed", expiresAt: null, new MfaChangedEmail
            {
                FullName = member.FullName,
                Change = changed.Change,
                ChangedAt = changed.OccurredAt,
            });
        }
    }
}
