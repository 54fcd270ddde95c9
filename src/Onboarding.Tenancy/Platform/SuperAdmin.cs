using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Platform;

/// <summary>A person who runs the platform. Belongs to no organization and enters one only by saying so and why (SEC-37).</summary>
public sealed class SuperAdmin
{
    /// <summary>Wrong codes in a row after which no code is taken for <see cref="LockedFor"/>: only who knows the password gets so far.</summary>
    public const int MaxFailedCodes = 5;

    /// <summary>How long no code is taken.</summary>
    public static readonly TimeSpan LockedFor = TimeSpan.FromMinutes(15);

    private SuperAdmin()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Name to sign in with.</summary>
    public string UserName { get; private init; } = "";

    /// <summary>The form in which names are compared.</summary>
    public string NormalizedUserName { get; private init; } = "";

    /// <summary>Hash of the password, in ASP.NET Core Identity's format.</summary>
    public string PasswordHash { get; private set; } = "";

    /// <summary>Seed of the authenticator app, encrypted for this account; null only where none was set up, which is enough in Development alone.</summary>
    public byte[]? ProtectedSeed { get; private set; }

    /// <summary>The last time step whose code was taken: no code works twice (SEC-27; RFC 6238, section 5.2).</summary>
    public long LastStep { get; private set; }

    /// <summary>Wrong codes since the last right one.</summary>
    public int FailedCodes { get; private set; }

    /// <summary>Until when no code is taken.</summary>
    public DateTimeOffset? LockedUntil { get; private set; }

    /// <summary>When the account was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was closed; null while it is good.</summary>
    public DateTimeOffset? DisabledAt { get; private set; }

    /// <summary>A new account.</summary>
    public static SuperAdmin Create(string userName, string passwordHash, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        UserName = userName,
        NormalizedUserName = Member.Normalize(userName),
        PasswordHash = passwordHash,
        CreatedAt = now,
    };

    /// <summary>Another authenticator app, and a fresh count of tries.</summary>
    public void SetUpSeed(byte[] protectedSeed) => (ProtectedSeed, LastStep, FailedCodes, LockedUntil) = (protectedSeed, 0, 0, null);

    /// <summary>Another password.</summary>
    public void SetPassword(string passwordHash) => PasswordHash = passwordHash;

    /// <summary>Closes the account for good.</summary>
    public void Disable(DateTimeOffset now) => DisabledAt ??= now;

    /// <summary>Whether no code is taken at the moment.</summary>
    public bool IsLocked(DateTimeOffset now) => now < LockedUntil;

    /// <summary>Takes a code, or counts a wrong one; on a locked row only.</summary>
    /// <param name="step">The time step that the code belongs to; null when to none around now.</param>
    public bool TryTake(long? step, DateTimeOffset now)
    {
        if (step is { } right && right > LastStep)
        {
            (LastStep, FailedCodes, LockedUntil) = (right, 0, null);
            return true;
        }

        FailedCodes++;
        if (FailedCodes >= MaxFailedCodes)
        {
            (FailedCodes, LockedUntil) = (0, now + LockedFor);
        }

        return false;
    }
}
