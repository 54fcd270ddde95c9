namespace Onboarding.Tenancy.SignIn;

/// <summary>The link by which an approved person sets the first password: hashed, single use, 72 hours (ONB-13, SEC-15).</summary>
public sealed class SetPasswordLink
{
    /// <summary>How long a link is good for.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(72);

    private SetPasswordLink()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Who may set a password with it.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>SHA-256 of the token.</summary>
    public byte[] TokenHash { get; private init; } = [];

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When a password was set with it.</summary>
    public DateTimeOffset? UsedAt { get; private set; }

    /// <summary>When a newer link took its place.</summary>
    public DateTimeOffset? SupersededAt { get; private set; }

    /// <summary>A new link for <paramref name="memberId"/> and its token, which only the mail ever holds.</summary>
    public static (SetPasswordLink Link, string Token) Create(Guid memberId, DateTimeOffset now)
    {
        var token = OpaqueToken.New(OpaqueToken.SetPassword);
        var link = new SetPasswordLink
        {
            Id = Ids.New(now),
            MemberId = memberId,
            TokenHash = SecretHasher.HashToken(token),
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        return (link, token);
    }

    /// <summary>Uses the link up. False when it is used, superseded or expired.</summary>
    public bool TryUse(DateTimeOffset now)
    {
        if (UsedAt is not null || SupersededAt is not null || now >= ExpiresAt)
        {
            return false;
        }

        UsedAt = now;
        return true;
    }

    /// <summary>A newer link takes its place.</summary>
    public void Supersede(DateTimeOffset now) => SupersededAt ??= now;
}
