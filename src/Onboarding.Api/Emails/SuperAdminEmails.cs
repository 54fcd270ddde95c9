using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Emails;

/// <summary>Tells an organization's admins what somebody who runs the platform does with it: that they act inside it, or take a copy of it (SEC-37).</summary>
internal sealed class SuperAdminEmails(TenantDbContext db, EmailQueue queue)
{
    /// <summary>Later than this it is no news that somebody looked; the audit log has it. That a copy was taken never grows old.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(7);

    public async Task EnteredAsync(Guid eventId, OrganizationEntered entered, CancellationToken cancellationToken)
    {
        foreach (var admin in await AdminsAsync(cancellationToken))
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

    public async Task ExportedAsync(Guid eventId, OrganizationExported exported, CancellationToken cancellationToken)
    {
        foreach (var admin in await AdminsAsync(cancellationToken))
        {
            queue.Add(eventId, admin, "organization_exported", expiresAt: null, new OrganizationExportedEmail
            {
                FullName = admin.FullName,
                SuperAdmin = exported.SuperAdmin,
                Reason = exported.Reason,
                ExportedAt = exported.OccurredAt,
            });
        }
    }

    private Task<List<Member>> AdminsAsync(CancellationToken cancellationToken)
    {
        var roles = db.Organization!.RolesWith(Permissions.ManageOrganization);
        return db.Members.AsNoTracking().Where(m => m.Status == MemberStatus.Active && roles.Contains(m.Role!)).ToListAsync(cancellationToken);
    }
}
