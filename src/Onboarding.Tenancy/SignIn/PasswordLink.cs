namespace Onboarding.Tenancy.SignIn;

/// <summary>What a link is for. A link of one purpose is none of another (SEC-22).</summary>
public enum LinkPurpose
{
    /// <summary>An approved person sets the first password.</summary>
    SetPassword,

    /// <summary>A member sets another one, having forgotten it.</summary>
    ResetPassword,
}

/// <summary>The link by which somebody sets a password: hashed, single use, superseded by the next (ONB-13, SEC-15).</summary>
public sealed class PasswordLink
{
    private PasswordLink()
    {
    }

    /// <summary>How long a link is good for: a first password may wait for the weekend, a forgotten one is wanted now.</summary>
    public static TimeSpan LifetimeOf(LinkPurpose purpose) => purpose == LinkPurpose.SetPassword ? TimeSpan.FromHours(72) : TimeSpan.FromHours(1);

    /// <summary>The prefix of its tokens.</summary>
    public static string PrefixOf(LinkPurpose purpose) => purpose == LinkPurpose.SetPassword ? OpaqueToken.SetPassword : OpaqueToken.ResetPassword;

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Who may set a password with it.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>What it is for.</summary>
    public LinkPurpose Purpose { get; private init; }

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
    public static (PasswordLink Link, string Token) Create(Guid memberId, LinkPurpose purpose, DateTimeOffset now)
    {
        var token = OpaqueToken.New(PrefixOf(purpose));
        var link = new PasswordLink
        {
            Id = Ids.New(now),
            MemberId = memberId,
            Purpose = purpose,
            TokenHash = SecretHasher.HashToken(token),
            CreatedAt = now,
            ExpiresAt = now + LifetimeOf(purpose),
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
