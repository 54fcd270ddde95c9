using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Members;

/// <summary>A domain event about one invitation.</summary>
/// <param name="InvitationId">The invitation.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record InvitationEvent(Guid InvitationId, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => InvitationId;
}

/// <summary>A person was invited, for the first time or again. A mail with a link follows.</summary>
public sealed record InvitationSent(Guid InvitationId, DateTimeOffset OccurredAt) : InvitationEvent(InvitationId, OccurredAt)
{
    internal const string Name = "invitation.sent";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An invitation was taken back, or closed because its person came in by registering.</summary>
public sealed record InvitationRevoked(Guid InvitationId, DateTimeOffset OccurredAt) : InvitationEvent(InvitationId, OccurredAt)
{
    internal const string Name = "invitation.revoked";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An invited person came in.</summary>
public sealed record InvitationAccepted(Guid InvitationId, Guid MemberId, DateTimeOffset OccurredAt) : InvitationEvent(InvitationId, OccurredAt)
{
    internal const string Name = "invitation.accepted";

    /// <inheritdoc/>
    public override string Type => Name;
}
