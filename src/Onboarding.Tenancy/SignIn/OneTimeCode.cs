using System.Globalization;
using System.Security.Cryptography;

namespace Onboarding.Tenancy.SignIn;

/// <summary>What a code proves. A code of one purpose is none of another (SEC-8).</summary>
public enum CodePurpose
{
    /// <summary>The address of a registration.</summary>
    VerifyEmail,

    /// <summary>The address that a member wants instead of the current one.</summary>
    ChangeEmail,

    /// <summary>The address of whoever wants an organization.</summary>
    FoundOrganization,
}

/// <summary>A six-digit code that proves an e-mail address, by its keyed hash (SEC-8, SEC-9).</summary>
/// <remarks>
/// Only ever redeemed on a row that is locked (<c>FOR UPDATE</c>), which makes the attempt budget atomic (SEC-10).
/// NIST SP 800-63B-4, section 3.1.3: at most 10 minutes, single use.
/// </remarks>
public sealed class OneTimeCode
{
    /// <summary>Wrong guesses that one code survives: 5 of 10^6, renewed only through a mail (SEC-10).</summary>
    public const int MaxAttempts = 5;

    /// <summary>How long a code is good for.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private OneTimeCode()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose address it proves.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>What it proves.</summary>
    public CodePurpose Purpose { get; private init; }

    /// <summary>Keyed hash of the code, bound to organization, row and purpose.</summary>
    public byte[] Hash { get; private init; } = [];

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>Wrong guesses so far.</summary>
    public int Attempts { get; private set; }

    /// <summary>When it was redeemed or superseded; such a code is dead.</summary>
    public DateTimeOffset? ClosedAt { get; private set; }

    /// <summary>A new code for <paramref name="memberId"/>, and its digits for the mail: the only time they are seen.</summary>
    public static (OneTimeCode Code, string Digits) Create(
        Guid memberId, CodePurpose purpose, SecretHasher hasher, DateTimeOffset now)
    {
        var id = Ids.New(now);
        var digits = NewDigits();
        var code = new OneTimeCode
        {
            Id = id,
            MemberId = memberId,
            Purpose = purpose,
            Hash = hasher.HashCode(id, purpose, digits),
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        return (code, digits);
    }

    /// <summary>Redeems the code once. A wrong guess is counted; past the budget even the right one fails.</summary>
    public bool TryRedeem(string digits, SecretHasher hasher, DateTimeOffset now)
    {
        // The hash is computed first, whatever the outcome, so that time tells nothing about the state (SEC-12).
        var matches = CryptographicOperations.FixedTimeEquals(Hash, hasher.HashCode(Id, Purpose, digits));
        if (ClosedAt is not null || now >= ExpiresAt || Attempts >= MaxAttempts)
        {
            return false;
        }

        if (!matches)
        {
            Attempts++;
            return false;
        }

        ClosedAt = now;
        return true;
    }

    /// <summary>Six digits that nobody can guess.</summary>
    internal static string NewDigits() => RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>Voids the code because a newer one is on its way (SEC-11).</summary>
    public void Supersede(DateTimeOffset now) => ClosedAt ??= now;
}
