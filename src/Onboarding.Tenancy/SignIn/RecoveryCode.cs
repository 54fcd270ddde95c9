using System.Security.Cryptography;

namespace Onboarding.Tenancy.SignIn;

/// <summary>One of ten codes for whoever has lost the second factor, by its keyed hash (SEC-28). Works once.</summary>
/// <remarks>NIST SP 800-63B-4, section 3.1.2 (look-up secrets): 20 random bits or more; these have 50.</remarks>
public sealed class RecoveryCode
{
    /// <summary>How many a member gets at a time.</summary>
    public const int Count = 10;

    // Crockford's base 32: without I, L, O and U, which are misread on paper.
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 10;

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

    /// <summary>A new one for <paramref name="memberId"/>, and its text: the only time that it is seen.</summary>
    public static (RecoveryCode Code, string Text) Create(Guid memberId, SecretHasher hasher, DateTimeOffset now)
    {
        var text = RandomNumberGenerator.GetString(Alphabet, Length);
        var code = new RecoveryCode
        {
            Id = Ids.New(now),
            MemberId = memberId,
            Hash = hasher.HashRecoveryCode(memberId, text),
            CreatedAt = now,
        };
        return (code, $"{text[..5]}-{text[5..]}");
    }

    /// <summary>The form that is hashed, however somebody copied it from paper; null for what cannot be one.</summary>
    public static string? Normalize(string typed)
    {
        var text = string.Concat(typed.Where(c => c is not ('-' or ' '))).ToUpperInvariant()
            .Replace('O', '0').Replace('I', '1').Replace('L', '1');
        return text.Length == Length && text.All(Alphabet.Contains) ? text : null;
    }

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
