using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.Members;

/// <summary>How far an invitation has come.</summary>
public enum InvitationStatus
{
    /// <summary>Its link is good.</summary>
    Open,

    /// <summary>Its person has come in.</summary>
    Accepted,

    /// <summary>It was taken back, or its person came in another way.</summary>
    Revoked,

    /// <summary>Nobody accepted it in time; it can be sent again.</summary>
    Expired,
}

/// <summary>A person is asked to become a member. Whoever accepts has proven the address by that, and skips the queue.</summary>
/// <remarks>It is for its address only (ONB-10). One address has at most one open invitation.</remarks>
public sealed class Invitation
{
    /// <summary>How long an invitation is good for; sending it again starts anew.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private Invitation()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whom it is for.</summary>
    public string Email { get; private init; } = "";

    /// <summary>The same as it is compared (<see cref="Member.Normalize"/>).</summary>
    public string NormalizedEmail { get; private init; } = "";

    /// <summary>Role that accepting gives.</summary>
    public string Role { get; private set; } = "";

    /// <summary>Member id of who invited last; null when the system did.</summary>
    public Guid? InvitedBy { get; private set; }

    /// <summary>When it was first sent.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was last sent.</summary>
    public DateTimeOffset SentAt { get; private set; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>SHA-256 of the token of the latest mail; null until that mail is composed.</summary>
    public byte[]? TokenHash { get; private set; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset? AcceptedAt { get; private set; }

    /// <summary>When it was taken back, or closed because its person came in by registering (ONB-10).</summary>
    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>The member that came of it.</summary>
    public Guid? MemberId { get; private set; }

    /// <summary>PostgreSQL's <c>xmin</c>: accepting and revoking at once, one fails.</summary>
    public uint Version { get; private set; }

    /// <summary>Whether nobody has accepted it and nobody has taken it back; it may have expired.</summary>
    public bool IsOpen => AcceptedAt is null && RevokedAt is null;

    /// <summary>How far it has come at <paramref name="now"/>.</summary>
    public InvitationStatus StatusAt(DateTimeOffset now) =>
        AcceptedAt is not null ? InvitationStatus.Accepted
        : RevokedAt is not null ? InvitationStatus.Revoked
        : now >= ExpiresAt ? InvitationStatus.Expired
        : InvitationStatus.Open;

    /// <summary>A new one. A mail with a link follows.</summary>
    public static (Invitation Invitation, InvitationSent Event) Send(string email, string role, Guid? by, DateTimeOffset now)
    {
        var invitation = new Invitation { Id = Ids.New(now), Email = email.Trim(), NormalizedEmail = Member.Normalize(email), CreatedAt = now };
        return (invitation, invitation.SendAgain(role, by, now)!);
    }

    /// <summary>The same again, with a fresh link that supersedes the earlier one; null when it is closed.</summary>
    public InvitationSent? SendAgain(string role, Guid? by, DateTimeOffset now)
    {
        if (!IsOpen)
        {
            return null;
        }

        Role = role;
        InvitedBy = by;
        SentAt = now;
        ExpiresAt = now + Lifetime;
        TokenHash = null;
        return new InvitationSent(Id, now);
    }

    /// <summary>Makes the token that only the mail ever holds.</summary>
    public string NewToken()
    {
        var token = OpaqueToken.New(OpaqueToken.Invitation);
        TokenHash = SecretHasher.HashToken(token);
        return token;
    }

    /// <summary>
    /// Whether <paramref name="email"/> is the invited address, but for the case of ASCII letters: to be asked where
    /// something else than this invitation's link has proven it (ONB-10).
    /// </summary>
    public bool IsFor(string email) => email == Email || System.Text.Ascii.EqualsIgnoreCase(email, Email);

    /// <summary>Takes it back; null when it is closed already.</summary>
    public InvitationRevoked? Revoke(DateTimeOffset now)
    {
        if (!IsOpen)
        {
            return null;
        }

        RevokedAt = now;
        return new InvitationRevoked(Id, now);
    }

    /// <summary>The person comes in as <paramref name="memberId"/>; null when it is closed or has expired.</summary>
    public InvitationAccepted? Accept(Guid memberId, DateTimeOffset now)
    {
        if (StatusAt(now) != InvitationStatus.Open)
        {
            return null;
        }

        AcceptedAt = now;
        MemberId = memberId;
        return new InvitationAccepted(Id, memberId, now);
    }
}
