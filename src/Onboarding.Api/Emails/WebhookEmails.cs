using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Emails;

/// <summary>Mails to everybody who manages webhooks.</summary>
internal sealed class WebhookEmails(TenantDbContext db, EmailQueue queue)
{
    /// <summary>An endpoint was disabled; who did it by hand knows already.</summary>
    public async Task DisabledAsync(Guid eventId, EndpointDisabled disabled, CancellationToken cancellationToken)
    {
        if (disabled.Reason == WebhookDisabledReason.ByHand)
        {
            return;
        }

        var roles = db.Organization!.RolesWith(Permissions.ManageWebhooks);
        foreach (var member in await db.Members.AsNoTracking().Where(m => m.Status == MemberStatus.Active && roles.Contains(m.Role!)).ToListAsync(cancellationToken))
        {
            queue.Add(eventId, member, "endpoint_disabled", expiresAt: null, new EndpointDisabledEmail
            {
                FullName = member.FullName,
                EndpointId = disabled.EndpointId,
                Url = disabled.Url,
                Reason = disabled.Reason,
                DisabledAt = disabled.OccurredAt,
            });
        }
    }
}
