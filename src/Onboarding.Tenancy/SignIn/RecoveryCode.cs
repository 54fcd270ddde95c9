namespace Onboarding.Tenancy.SignIn;

/// <summary>One of ten codes for whoever has lost the second factor, by its keyed hash (SEC-28). Works once.</summary>
public sealed class RecoveryCode
{
    private RecoveryCode()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>Keyed hash, bound to the member.</summary>
    public byte[] Hash { get; private init; } = [];

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was used.</summary>
    public DateTimeOffset? UsedAt { get; private set; }

    /// <summary>A new one.</summary>
    public static RecoveryCode Create(Guid memberId, string code, SecretHasher hasher, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        MemberId = memberId,
        Hash = hasher.HashRecoveryCode(memberId, code),
        CreatedAt = now,
    };

    /// <summary>Uses it up, on a locked row only. False when it is used.</summary>
    public bool TryUse(DateTimeOffset now)
    {
        if (UsedAt is not null)
        {
            return false;
        }

        UsedAt = now;
        return true;
    }
}
