using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.SignIn;

/// <summary>A device that a member has told to be trusted: for 30 days it signs in without a second factor.</summary>
public sealed class RememberedDevice
{
    /// <summary>How long it is remembered.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private RememberedDevice()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>SHA-256 of the token that the device keeps and of the member's security stamp: another password makes all devices strangers.</summary>
    public byte[] TokenHash { get; private init; } = [];

    /// <summary>When the member said so.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was last used to sign in.</summary>
    public DateTimeOffset LastUsedAt { get; private set; }

    /// <summary>When it stops being remembered.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>Address from which it was remembered.</summary>
    public string? IpAddress { get; private init; }

    /// <summary>What it calls itself.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>A new one and its token, which only the device keeps.</summary>
    /// <param name="session">The sign-in that it was remembered at.</param>
    public static (RememberedDevice Device, string Token) Remember(Member member, Session session, DateTimeOffset now)
    {
        var token = OpaqueToken.New(OpaqueToken.Device);
        var device = new RememberedDevice
        {
            Id = Ids.New(now),
            MemberId = member.Id,
            TokenHash = HashOf(token, member),
            CreatedAt = now,
            LastUsedAt = now,
            ExpiresAt = now + Lifetime,
            IpAddress = session.IpAddress,
            UserAgent = session.UserAgent,
        };
        return (device, token);
    }

    /// <summary>By what a device of <paramref name="member"/> is found.</summary>
    public static byte[] HashOf(string token, Member member) => SecretHasher.HashToken($"{token}:{member.SecurityStamp}");

    /// <summary>It was used to sign in. False when it is no longer remembered.</summary>
    public bool TryUse(DateTimeOffset now)
    {
        if (now >= ExpiresAt)
        {
            return false;
        }

        LastUsedAt = now;
        return true;
    }
}
