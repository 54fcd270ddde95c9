using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Emails;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Jobs;

/// <summary>Sends one composed mail. No transaction is open while the mail server is talked to.</summary>
/// <remarks>
/// Should the node die between the server's answer and the note of it, the mail goes out again with the same
/// Message-Id, by which mail clients recognize it (FAULT-2).
/// </remarks>
internal sealed class SendEmail(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, EmailProtector protector, EmailRenderer renderer,
    EmailSending sending, IOptions<WebOptions> web, IOptions<SmtpOptions> smtp, TimeProvider clock) : IWorkHandler
{
    public async Task<TimeSpan?> HandleAsync(ClaimedWork work, CancellationToken cancellationToken)
    {
        var email = await db.Emails.SingleOrDefaultAsync(e => e.Id == work.RefId, cancellationToken);
        if (email is not { Status: EmailStatus.Queued, Content: { } content })
        {
            return null;
        }

        TimeSpan? retry = null;
        if (clock.GetUtcNow() >= email.ExpiresAt)
        {
            email.MarkExpired(clock.GetUtcNow());
        }
        else
        {
            retry = await TrySendAsync(email, content, work.Attempt, cancellationToken);
        }

        // Not to be cancelled: what the mail server has taken must not be forgotten.
        await db.SaveChangesAsync(CancellationToken.None);
        return retry;
    }

    private async Task<TimeSpan?> TrySendAsync(EmailMessage email, byte[] content, int attempt, CancellationToken cancellationToken)
    {
        var outcome = await sending.TryAsync(await RenderAsync(email, content), email.CreatedAt, attempt, cancellationToken);
        switch (outcome)
        {
            case { Error: null }:
                email.MarkSent(clock.GetUtcNow());
                break;
            case { Error: var error, Retry: null }:
                email.MarkFailed(error, clock.GetUtcNow());
                break;
            case { Error: var error }:
                email.NoteError(error);
                break;
        }

        return outcome.Retry;
    }

    private async Task<OutgoingEmail> RenderAsync(EmailMessage email, byte[] content)
    {
        var organization = tenant.MultiTenantContext.TenantInfo!;
        var (to, name, mail) = protector.Unprotect(content, organization);
        var rendered = await renderer.RenderAsync(mail, EmailBranding.Of(organization));
        return new OutgoingEmail(
            $"{email.Id:N}@{web.Value.BaseDomain}", organization.Identifier, to, name, smtp.Value.FromAddress, organization.Name,
            rendered.Subject, rendered.Html, rendered.Text);
    }
}
