namespace Onboarding.Tenancy.Platform;

/// <summary>A sign-in of a super admin. Asked for at every request, so that ending it acts everywhere at once.</summary>
public sealed class SuperAdminSession
{
    private SuperAdminSession()
    {
    }

    /// <summary>UUIDv7; the <c>sid</c> of its token.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid SuperAdminId { get; private init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was last used: unused for long enough, it is over.</summary>
    public DateTimeOffset LastUsedAt { get; private init; }

    /// <summary>Absolute end, however busy it is.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When it was ended by hand.</summary>
    public DateTimeOffset? EndedAt { get; private init; }

    /// <summary>Whether a second factor was shown.</summary>
    public bool IsMultiFactor { get; private init; }

    /// <summary>Address that signed in.</summary>
    public string? IpAddress { get; private init; }

    /// <summary>A new one.</summary>
    public static SuperAdminSession Start(SuperAdmin admin, bool isMultiFactor, TimeSpan lifetime, string? ipAddress, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        SuperAdminId = admin.Id,
        CreatedAt = now,
        LastUsedAt = now,
        ExpiresAt = now + lifetime,
        IsMultiFactor = isMultiFactor,
        IpAddress = ipAddress,
    };
}
