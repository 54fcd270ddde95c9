using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Audit;

/// <summary>Writes the platform's own audit log.</summary>
public static class PlatformAudit
{
    /// <summary>Adds a line that commits with the change it reports, or not at all.</summary>
    /// <param name="db">The unit of work that changes something.</param>
    /// <param name="action">What happened, such as <c>organization.suspended</c>; 64 characters at most.</param>
    /// <param name="actor">Who did it.</param>
    /// <param name="organizationId">The organization that it is about, if it is about one.</param>
    /// <param name="subjectId">What else it is about, such as another super admin.</param>
    /// <param name="note">Why; 500 characters at most, and never a secret.</param>
    /// <param name="now">When.</param>
    public static void Add(PlatformDbContext db, string action, Actor actor, Guid? organizationId, Guid? subjectId, string? note, DateTimeOffset now) =>
        db.AuditLog.Add(PlatformAuditEntry.Of(action, actor, organizationId, subjectId, note, now));
}
