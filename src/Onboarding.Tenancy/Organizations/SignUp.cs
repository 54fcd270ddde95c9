using System.Security.Cryptography;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Somebody wants an organization: what it is to be called, and who is to be its first admin.</summary>
/// <remarks>
/// Reserves nothing: of two who want one identifier, whoever first proves an address has it. Read for a proof only on a row
/// that is locked (<c>FOR UPDATE</c>), which makes the attempt budget atomic (SEC-10).
/// </remarks>
public sealed class SignUp
{
    /// <summary>How long it is remembered, whether anything came of it or not.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private SignUp()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Identifier of the wanted organization.</summary>
    public string Identifier { get; private init; } = "";

    /// <summary>Its display name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>User name of the founder.</summary>
    public string UserName { get; private set; } = "";

    /// <summary>Address of the founder, as it was given last: where the code went.</summary>
    public string Email { get; private set; } = "";

    /// <summary>The form in which addresses are compared.</summary>
    public string NormalizedEmail { get; private init; } = "";

    /// <summary>Full name of the founder.</summary>
    public string FullName { get; private set; } = "";

    /// <summary>Keyed hash of the newest code, bound to this row and purpose (SEC-9); null where an operator vouches for the address.</summary>
    public byte[]? CodeHash { get; private set; }

    /// <summary>When the code stops being good.</summary>
    public DateTimeOffset? CodeExpiresAt { get; private set; }

    /// <summary>Wrong guesses at the code so far.</summary>
    public int Attempts { get; private set; }

    /// <summary>When it was first asked for.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it is forgotten.</summary>
    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>The organization that came of it.</summary>
    public Guid? OrganizationId { get; private set; }

    /// <summary>A new sign-up, and the digits for the mail: the only time they are seen.</summary>
    public static (SignUp SignUp, string Digits) Begin(
        string identifier, string name, string userName, string email, string fullName, SecretHasher hasher, DateTimeOffset now)
    {
        var signUp = New(identifier, email, now);
        return (signUp, signUp.BeginAgain(name, userName, email, fullName, hasher, now));
    }

    /// <summary>A sign-up that an operator makes for somebody, whose address needs no proof.</summary>
    public static SignUp ByOperator(string identifier, string name, string userName, string email, string fullName, DateTimeOffset now)
    {
        var signUp = New(identifier, email, now);
        signUp.Describe(name, userName, email, fullName, now);
        return signUp;
    }

    /// <summary>The same again: the newest counts, because the newest code belongs to it; the earlier one is void (SEC-11).</summary>
    /// <returns>The new digits.</returns>
    public string BeginAgain(string name, string userName, string email, string fullName, SecretHasher hasher, DateTimeOffset now)
    {
        Describe(name, userName, email, fullName, now);
        var digits = OneTimeCode.NewDigits();
        CodeHash = hasher.HashCode(Id, CodePurpose.FoundOrganization, digits);
        CodeExpiresAt = now + OneTimeCode.Lifetime;
        Attempts = 0;
        return digits;
    }

    /// <summary>Whether these are the digits of the mail. A wrong guess is counted; past the budget even the right one fails.</summary>
    /// <remarks>It stays true while the code is good, so that whoever lost the answer may ask again; an organization comes of it once.</remarks>
    public bool IsProvenBy(string digits, SecretHasher hasher, DateTimeOffset now)
    {
        // The hash is computed first, whatever the outcome, so that time tells nothing about the state (SEC-12).
        var matches = CryptographicOperations.FixedTimeEquals(CodeHash ?? [], hasher.HashCode(Id, CodePurpose.FoundOrganization, digits));
        if (CodeHash is null || now >= CodeExpiresAt || Attempts >= OneTimeCode.MaxAttempts)
        {
            return false;
        }

        if (!matches)
        {
            Attempts++;
        }

        return matches;
    }

    /// <summary>This organization has come of it. False when one has already.</summary>
    public bool Found(Organization organization)
    {
        if (OrganizationId is not null)
        {
            return false;
        }

        OrganizationId = organization.Key;
        return true;
    }

    private static SignUp New(string identifier, string email, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        Identifier = identifier,
        NormalizedEmail = Member.Normalize(email),
        CreatedAt = now,
    };

    private void Describe(string name, string userName, string email, string fullName, DateTimeOffset now)
    {
        Name = name;
        UserName = userName;
        Email = email;
        FullName = fullName;
        ExpiresAt = now + Lifetime;
    }
}
