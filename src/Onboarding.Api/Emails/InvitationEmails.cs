using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Emails;

/// <summary>The mail that asks somebody to become a member.</summary>
internal sealed class InvitationEmails(TenantDbContext db, EmailQueue queue, TimeProvider clock)
{
    public async Task InvitedAsync(Guid eventId, InvitationSent sent, CancellationToken cancellationToken)
    {
        var invitation = (await db.Invitations
            .FromSql($"SELECT *, xmin FROM invitations WHERE id = {sent.InvitationId} FOR UPDATE")
            .ToListAsync(cancellationToken)).SingleOrDefault();

        // It may be closed meanwhile, or sent again: then a later event composes the mail, and this one would void its link.
        if (invitation is null || invitation.StatusAt(clock.GetUtcNow()) != InvitationStatus.Open || invitation.SentAt > sent.OccurredAt)
        {
            return;
        }

        var invitedBy = invitation.InvitedBy is { } by ? await queue.FindAsync(by, cancellationToken) : null;
        queue.Add(eventId, invitation, "invitation", new InvitationEmail
        {
            InvitedBy = invitedBy?.FullName,
            AcceptUrl = new Uri($"{queue.Url}/invitations/accept/{invitation.NewToken()}"),
            DaysValid = (int)Invitation.Lifetime.TotalDays,
        });
    }
}
