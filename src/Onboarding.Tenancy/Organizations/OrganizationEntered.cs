using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Somebody who runs the platform acts inside the organization.</summary>
/// <param name="GrantId">What the audit logs call it.</param>
/// <param name="SuperAdmin">User name of whoever it is.</param>
/// <param name="Reason">Why, as they said.</param>
/// <param name="Write">Whether anything may be changed.</param>
/// <param name="Until">When it ends at the latest.</param>
/// <param name="OccurredAt">When it began.</param>
public sealed record OrganizationEntered(Guid GrantId, string SuperAdmin, string Reason, bool Write, DateTimeOffset Until, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "organization.entered";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => GrantId;

    /// <inheritdoc/>
    public override string? AuditNote => $"{(Write ? "to change something" : "to look")}: {Reason}";
}
