namespace Onboarding.Tenancy.SignIn;

/// <summary>What a challenge waits for.</summary>
public enum ChallengeKind
{
    /// <summary>The password was right; a second factor is due.</summary>
    SecondFactor,

    /// <summary>A signed-in member adds a passkey (WebAuthn registration).</summary>
    PasskeyRegistration,

    /// <summary>Somebody signs in by a passkey (WebAuthn assertion).</summary>
    PasskeySignIn,
}

/// <summary>An unfinished ceremony: its token, by hash, is good once and for five minutes.</summary>
public sealed class SignInChallenge
{
    /// <summary>How long it waits.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private SignInChallenge()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>What it waits for.</summary>
    public ChallengeKind Kind { get; private init; }

    /// <summary>Whose it is; null while nobody is named, as in a sign-in by passkey.</summary>
    public Guid? MemberId { get; private init; }

    /// <summary>SHA-256 of the token.</summary>
    public byte[] TokenHash { get; private init; } = [];

    /// <summary>What the ceremony has to remember (WebAuthn's challenge among it); no secret.</summary>
    public string? State { get; private set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When it was finished.</summary>
    public DateTimeOffset? UsedAt { get; private set; }

    /// <summary>The prefix of its tokens.</summary>
    public static string PrefixOf(ChallengeKind kind) => kind == ChallengeKind.SecondFactor ? OpaqueToken.Mfa : OpaqueToken.Passkey;

    /// <summary>A new one and its token.</summary>
    public static (SignInChallenge Challenge, string Token) Begin(ChallengeKind kind, Guid? memberId, string? state, DateTimeOffset now)
    {
        var token = OpaqueToken.New(PrefixOf(kind));
        var challenge = new SignInChallenge
        {
            Id = Ids.New(now),
            Kind = kind,
            MemberId = memberId,
            TokenHash = SecretHasher.HashToken(token),
            State = state,
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        return (challenge, token);
    }

    /// <summary>Whether it still waits.</summary>
    public bool IsOpen(DateTimeOffset now) => UsedAt is null && now < ExpiresAt;

    /// <summary>A passkey is asked for; what was asked before is void.</summary>
    public void Ask(string state) => State = state;

    /// <summary>What was asked for last, which may be answered once. On a locked row only.</summary>
    public string? TakeState()
    {
        var state = State;
        State = null;
        return state;
    }

    /// <summary>Uses it up, on a locked row only. False when it is used or expired.</summary>
    public bool TryUse(DateTimeOffset now)
    {
        if (!IsOpen(now))
        {
            return false;
        }

        UsedAt = now;
        return true;
    }
}
