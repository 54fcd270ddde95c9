using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Somebody who runs the platform takes a copy of everything that the organization owns.</summary>
/// <param name="SuperAdmin">User name of whoever it is; null from the command line, which knows nobody's.</param>
/// <param name="Reason">Why, where they said so.</param>
/// <param name="OccurredAt">Of which moment the copy is.</param>
public sealed record OrganizationExported(string? SuperAdmin, string? Reason, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "organization.exported";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => null;

    /// <inheritdoc/>
    public override string? AuditNote => Reason;
}
