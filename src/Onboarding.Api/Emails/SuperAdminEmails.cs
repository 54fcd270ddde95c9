using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Emails;

/// <summary>Tells an organization's admins that somebody who runs the platform acts inside it (SEC-37).</summary>
internal sealed class SuperAdminEmails(TenantDbContext db, EmailQueue queue)
{
    /// <summary>Later than this it is no news; the audit log has it.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(7);

    public async Task EnteredAsync(Guid eventId, OrganizationEntered entered, CancellationToken cancellationToken)
    {
        var roles = db.Organization!.RolesWith(Permissions.ManageOrganization);
        foreach (var admin in await db.Members.AsNoTracking().Where(m => m.Status == MemberStatus.Active && roles.Contains(m.Role!)).ToListAsync(cancellationToken))
        {
            queue.Add(eventId, admin, "super_admin_entered", expiresAt: entered.OccurredAt + Fresh, new SuperAdminEnteredEmail
            {
                FullName = admin.FullName,
                SuperAdmin = entered.SuperAdmin,
                Reason = entered.Reason,
                Write = entered.Write,
                EnteredAt = entered.OccurredAt,
                Until = entered.Until,
            });
        }
    }
}
