using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.SignIn;

/// <summary>A member signed in.</summary>
public sealed record SessionStarted(Guid MemberId, Guid SessionId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "session.started";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A session ended before its time; its access tokens are refused from now on, on every node (SEC-24).</summary>
public sealed record SessionEnded(Guid MemberId, Guid SessionId, string Reason, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "session.ended";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A refresh token came a second time, past the grace: somebody else may hold a copy (SEC-23).</summary>
public sealed record RefreshTokenReused(Guid MemberId, Guid SessionId, DateTimeOffset OccurredAt) : MemberEvent(MemberId, OccurredAt)
{
    internal const string Name = "session.token_reused";

    /// <inheritdoc/>
    public override string Type => Name;
}
