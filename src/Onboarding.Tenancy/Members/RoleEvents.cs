using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Members;

/// <summary>A domain event about one role.</summary>
/// <param name="Role">Its name.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record RoleEvent(string Role, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => null;

    /// <inheritdoc/>
    public override string? AuditNote => Role;
}

/// <summary>A role was added.</summary>
public sealed record RoleDefined(string Role, IReadOnlyList<string> Permissions, DateTimeOffset OccurredAt) : RoleEvent(Role, OccurredAt)
{
    internal const string Name = "role.defined";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A role may do something else from now on; it holds for live sessions at once.</summary>
public sealed record RoleChanged(string Role, IReadOnlyList<string> Permissions, DateTimeOffset OccurredAt) : RoleEvent(Role, OccurredAt)
{
    internal const string Name = "role.changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A role that nobody held was deleted.</summary>
public sealed record RoleDeleted(string Role, DateTimeOffset OccurredAt) : RoleEvent(Role, OccurredAt)
{
    internal const string Name = "role.deleted";

    /// <inheritdoc/>
    public override string Type => Name;
}
