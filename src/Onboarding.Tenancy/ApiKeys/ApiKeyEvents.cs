using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.ApiKeys;

/// <summary>A domain event about one API key.</summary>
/// <param name="KeyId">The key; never its secret.</param>
/// <param name="KeyName">What it is called.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record ApiKeyEvent(Guid KeyId, string KeyName, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => KeyId;

    /// <inheritdoc/>
    public override string? AuditNote => KeyName;
}

/// <summary>A key was created, for the organization or for a member.</summary>
public sealed record ApiKeyCreated(Guid KeyId, string KeyName, Guid? OwnerId, IReadOnlyList<string> Scopes, DateTimeOffset OccurredAt) : ApiKeyEvent(KeyId, KeyName, OccurredAt)
{
    internal const string Name = "api_key.created";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A key was renamed, or may do something else from now on, from elsewhere, more often or for another time.</summary>
public sealed record ApiKeyChanged(Guid KeyId, string KeyName, IReadOnlyList<string> Scopes, DateTimeOffset OccurredAt) : ApiKeyEvent(KeyId, KeyName, OccurredAt)
{
    internal const string Name = "api_key.changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A key has a new secret.</summary>
/// <param name="PreviousUntil">Until when the one before works too; null when it ended at once.</param>
public sealed record ApiKeyRotated(Guid KeyId, string KeyName, DateTimeOffset? PreviousUntil, DateTimeOffset OccurredAt) : ApiKeyEvent(KeyId, KeyName, OccurredAt)
{
    internal const string Name = "api_key.rotated";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A key was taken back.</summary>
public sealed record ApiKeyRevoked(Guid KeyId, string KeyName, DateTimeOffset OccurredAt) : ApiKeyEvent(KeyId, KeyName, OccurredAt)
{
    internal const string Name = "api_key.revoked";

    /// <inheritdoc/>
    public override string Type => Name;
}
