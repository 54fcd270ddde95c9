using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Members;

/// <summary>A domain event about one member.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record MemberEvent(Guid MemberId, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <summary>The member as it was then; null where only the id was at hand.</summary>
    public MemberSnapshot? Member { get; init; }

    /// <inheritdoc/>
    public override Guid? SubjectId => MemberId;
}

/// <summary>Somebody asked to become a member. A mail with a code follows.</summary>
public sealed record MemberRegistered(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.registered";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A new code was asked for, and the earlier one voided (SEC-11). A mail with a code follows.</summary>
public sealed record MemberCodeRequested(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.code_requested";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody registered with the address of a member. A mail says that an account exists (ONB-3).</summary>
public sealed record MemberRegisteredAgain(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.registered_again";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The address was proven; the member waits in the queue (ONB-18).</summary>
public sealed record MemberVerified(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.verified";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin let the member in. A mail with a link to set a password follows.</summary>
public sealed record MemberApproved(Guid MemberId, string Role, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.approved";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A fresh link to set a password was asked for; it supersedes the earlier one (ONB-13).</summary>
public sealed record MemberLinkRequested(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.link_requested";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin turned the member down.</summary>
public sealed record MemberRejected(Guid MemberId, string? Reason, bool Blocked, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.rejected";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The member set a password and can sign in.</summary>
public sealed record MemberActivated(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.activated";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin shut the member out; all sessions ended.</summary>
public sealed record MemberSuspended(Guid MemberId, string? Reason, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.suspended";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin let the member back in.</summary>
public sealed record MemberReactivated(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.reactivated";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin gave the member another role.</summary>
public sealed record MemberRoleChanged(Guid MemberId, string From, string To, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.role_changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The member changed the own profile.</summary>
public sealed record MemberProfileChanged(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.profile_changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An admin removed the member; all sessions ended, and password and second factors are gone.</summary>
public sealed record MemberRemoved(Guid MemberId, string? Reason, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.removed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody forgot the password. A mail with a link follows; it supersedes the earlier one.</summary>
public sealed record MemberPasswordResetRequested(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.password_reset_requested";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The password was changed, by the member or (<paramref name="Reset"/>) by a link. A notice follows (SEC-19).</summary>
public sealed record MemberPasswordChanged(Guid MemberId, bool Reset, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.password_changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The member wants another address. A mail with a code goes to that one.</summary>
public sealed record MemberEmailChangeRequested(Guid MemberId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.email_change_requested";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The member has another address. A notice goes to <paramref name="From"/>, the earlier one.</summary>
public sealed record MemberEmailChanged(Guid MemberId, string From, string To, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.email_changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>What happened to a member's second factors.</summary>
public enum MfaChange
{
    /// <summary>An authenticator app was set up.</summary>
    TotpEnabled,

    /// <summary>The authenticator app was taken off.</summary>
    TotpDisabled,

    /// <summary>New recovery codes took the place of the old ones.</summary>
    RecoveryCodesRenewed,

    /// <summary>A recovery code was used to sign in.</summary>
    RecoveryCodeUsed,

    /// <summary>A passkey was added.</summary>
    PasskeyAdded,

    /// <summary>A passkey was removed.</summary>
    PasskeyRemoved,

    /// <summary>An admin took off every factor.</summary>
    Reset,
}

/// <summary>A member's second factors changed. A notice follows.</summary>
public sealed record MemberMfaChanged(Guid MemberId, MfaChange Change, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "member.mfa_changed";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override string? AuditNote => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(Change.ToString());
}

/// <summary>People have waited for a day or longer. A digest goes to everybody who may decide (ONB-17).</summary>
public sealed record WaitingMembersDue(DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <summary>Its type.</summary>
    public const string Name = "members.waiting";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => null;
}
