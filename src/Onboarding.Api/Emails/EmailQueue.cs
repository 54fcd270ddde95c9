using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Emails;

/// <summary>Queues a composed mail in the transaction of the event that asked for it. The caller saves.</summary>
/// <remarks>
/// What composes mails stands beside it: <see cref="RegistrationEmails"/> and its siblings. Codes and links exist from
/// there on only: hashed in their rows, readable in the encrypted mail, nowhere else (SEC-9).
/// </remarks>
internal sealed class EmailQueue(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, EmailProtector protector, IOptions<WebOptions> web, TimeProvider clock)
{
    /// <summary>The organization's own address from the catalogue, never the Host header of whoever triggered the mail (ONB-13).</summary>
    public string Url => web.Value.UrlOf(tenant.MultiTenantContext.TenantInfo!);

    /// <summary>The member that a mail is about, untracked; null when it is gone.</summary>
    public Task<Member?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        db.Members.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, cancellationToken);

    /// <summary>Queues a mail to a member.</summary>
    /// <param name="expiresAt">When what it carries stops being good; null for a notice.</param>
    /// <param name="to">Another address than the member's; null for that one.</param>
    public void Add(Guid eventId, Member member, string template, DateTimeOffset? expiresAt, EmailTemplate mail, string? to = null) =>
        Add(eventId, member.Id, invitationId: null, template, expiresAt, new EmailContent(to ?? member.Email!, member.FullName, mail));

    /// <summary>Queues a mail to an invited person.</summary>
    public void Add(Guid eventId, Invitation invitation, string template, EmailTemplate mail) =>
        Add(eventId, memberId: null, invitation.Id, template, invitation.ExpiresAt, new EmailContent(invitation.Email, invitation.Email, mail));

    private void Add(Guid eventId, Guid? memberId, Guid? invitationId, string template, DateTimeOffset? expiresAt, EmailContent content)
    {
        var now = clock.GetUtcNow();
        var email = EmailMessage.Compose(eventId, memberId, invitationId, template, protector.Protect(content, tenant.MultiTenantContext.TenantInfo!), expiresAt, now);
        db.Emails.Add(email);
        db.Enqueue(WorkKinds.Email, email.Id, now);
    }
}
