namespace Onboarding.Tenancy.SignIn;

/// <summary>One sign-in of a member on one device: the family of its refresh tokens (RFC 9700, section 4.14.2).</summary>
public sealed class Session
{
    private const int MaxUserAgent = 200;

    private Session()
    {
    }

    /// <summary>UUIDv7; the <c>sid</c> of its access tokens.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose session it is.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>When the member signed in.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When its tokens were last refreshed.</summary>
    public DateTimeOffset LastUsedAt { get; private set; }

    /// <summary>Absolute end, however busy it is (SEC-26).</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>Address that signed in.</summary>
    public string? IpAddress { get; private init; }

    /// <summary>What the client calls itself, cut to 200 characters.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>How the member proved who they are (<see cref="AuthenticationMethods"/>).</summary>
    public IReadOnlyList<string> Methods { get; private set; } = [];

    /// <summary>When it was ended; null while it lives.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Why it was ended: <c>logout</c>, <c>revoked</c>, <c>suspended</c>, <c>reused</c>, <c>password_changed</c>.</summary>
    public string? EndReason { get; private set; }

    /// <summary>A new session.</summary>
    /// <param name="methods">How the member signed in (RFC 8176).</param>
    /// <param name="lifetime">Absolute lifetime.</param>
    public static (Session Session, SessionStarted Event) Start(
        Guid memberId, IReadOnlyList<string> methods, TimeSpan lifetime, string? ipAddress, string? userAgent, DateTimeOffset now)
    {
        var session = new Session
        {
            Id = Ids.New(now),
            MemberId = memberId,
            CreatedAt = now,
            LastUsedAt = now,
            Methods = methods,
            ExpiresAt = now + lifetime,
            IpAddress = ipAddress,
            UserAgent = Cut(userAgent),
        };
        return (session, new SessionStarted(memberId, session.Id, now));
    }

    // Half of a surrogate pair is no text, and PostgreSQL would not take it.
    private static string? Cut(string? userAgent) => userAgent is not { Length: > MaxUserAgent } ? userAgent
        : char.IsHighSurrogate(userAgent[MaxUserAgent - 1]) ? userAgent[..(MaxUserAgent - 1)]
        : userAgent[..MaxUserAgent];

    /// <summary>Whether it lives at <paramref name="now"/>.</summary>
    public bool IsLive(DateTimeOffset now) => EndedAt is null && now < ExpiresAt;

    /// <summary>Whether more than a password stands behind it.</summary>
    public bool IsMultiFactor => Methods.Contains(AuthenticationMethods.MultiFactor);

    /// <summary>Whether a second factor was really shown, and not only a device remembered: what it takes to change the factors.</summary>
    public bool ShowedSecondFactor => Methods.Contains(AuthenticationMethods.OneTimePassword) || Methods.Contains(AuthenticationMethods.HardwareKey);

    /// <summary>The member has shown a second factor since; the tokens of the next refresh say so.</summary>
    public void Raise(string method) => Methods = [.. Methods.Append(method).Append(AuthenticationMethods.MultiFactor).Distinct()];

    /// <summary>The member has no second factor any more, and what was shown of one counts no longer.</summary>
    public void Lower() => Methods = [AuthenticationMethods.Password];

    /// <summary>Its tokens were refreshed.</summary>
    public void Touch(DateTimeOffset now) => LastUsedAt = now;

    /// <summary>Ends it; null when it has ended already.</summary>
    public SessionEnded? End(string reason, DateTimeOffset now)
    {
        if (EndedAt is not null)
        {
            return null;
        }

        EndedAt = now;
        EndReason = reason;
        return new SessionEnded(MemberId, Id, reason, now);
    }
}
