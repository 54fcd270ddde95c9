using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Emails;

/// <summary>Makes the mail that an event asks for, with the code or link that it carries, and queues it. The caller saves.</summary>
/// <remarks>Codes and links exist from here on only: hashed in their rows, readable in the encrypted mail, nowhere else (SEC-9).</remarks>
internal sealed class ComposeEmail(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, EmailProtector protector, SecretHasher hasher,
    IOptions<WebOptions> web, TimeProvider clock)
{
    public async Task VerificationCodeAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await FindAsync(memberId, cancellationToken) is not { Status: MemberStatus.PendingVerification } member)
        {
            return;
        }

        await db.OneTimeCodes.Where(c => c.MemberId == memberId && c.ClosedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.ClosedAt, now), cancellationToken);
        var (code, digits) = OneTimeCode.Create(memberId, hasher, now);
        db.OneTimeCodes.Add(code);
        Queue(eventId, member, "verification_code", code.ExpiresAt, now, new VerificationCodeEmail
        {
            FullName = member.FullName,
            Code = digits,
            MinutesValid = (int)OneTimeCode.Lifetime.TotalMinutes,
        });
    }

    public async Task ApprovedAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await FindAsync(memberId, cancellationToken) is not { Status: MemberStatus.Approved } member)
        {
            return;
        }

        await db.SetPasswordLinks.Where(l => l.MemberId == memberId && l.UsedAt == null && l.SupersededAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.SupersededAt, now), cancellationToken);
        var (link, token) = SetPasswordLink.Create(memberId, now);
        db.SetPasswordLinks.Add(link);
        Queue(eventId, member, "approved", link.ExpiresAt, now, new ApprovedEmail
        {
            FullName = member.FullName,
            SetPasswordUrl = new Uri($"{Url}/set-password/{token}"),
            HoursValid = (int)SetPasswordLink.Lifetime.TotalHours,
        });
    }

    public async Task RejectedAsync(Guid eventId, Guid memberId, string? reason, CancellationToken cancellationToken)
    {
        if (await FindAsync(memberId, cancellationToken) is { } member)
        {
            Queue(eventId, member, "rejected", expiresAt: null, clock.GetUtcNow(), new RejectedEmail { FullName = member.FullName, Reason = reason });
        }
    }

    public async Task AccountExistsAsync(Guid eventId, Guid memberId, CancellationToken cancellationToken)
    {
        if (await FindAsync(memberId, cancellationToken) is { } member)
        {
            Queue(eventId, member, "account_exists", expiresAt: null, clock.GetUtcNow(), new AccountExistsEmail { FullName = member.FullName, SignInUrl = new Uri(Url) });
        }
    }

    // The organization's own address from the catalogue, never the Host header of whoever triggered the mail (ONB-13).
    private string Url => web.Value.UrlOf(tenant.MultiTenantContext.TenantInfo!);

    private Task<Member?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        db.Members.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, cancellationToken);

    private void Queue(Guid eventId, Member member, string template, DateTimeOffset? expiresAt, DateTimeOffset now, EmailTemplate mail)
    {
        var content = protector.Protect(new EmailContent(member.Email!, member.FullName, mail), tenant.MultiTenantContext.TenantInfo!);
        var email = EmailMessage.Compose(eventId, member.Id, template, content, expiresAt, now);
        db.Emails.Add(email);
        db.Enqueue(WorkKinds.Email, email.Id, now);
    }
}
