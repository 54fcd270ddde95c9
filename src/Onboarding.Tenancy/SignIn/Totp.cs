namespace Onboarding.Tenancy.SignIn;

/// <summary>A member's authenticator app (RFC 6238). Its seed is encrypted before it gets here (SEC-28).</summary>
public sealed class Totp
{
    private Totp()
    {
    }

    /// <summary>Whose it is; one each.</summary>
    public Guid MemberId { get; private init; }

    /// <summary>The seed, encrypted for this organization and member.</summary>
    public byte[] ProtectedSeed { get; private set; } = [];

    /// <summary>When it was set up.</summary>
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>When the member showed a first code of it; it counts as a factor from then on.</summary>
    public DateTimeOffset? ConfirmedAt { get; private set; }

    /// <summary>The last time step whose code was taken: no code works twice, nor one from before it (SEC-27; RFC 6238, section 5.2).</summary>
    public long LastStep { get; private set; }

    /// <summary>A new seed that has to be confirmed.</summary>
    public static Totp SetUp(Guid memberId, byte[] protectedSeed, DateTimeOffset now) => new()
    {
        MemberId = memberId,
        ProtectedSeed = protectedSeed,
        CreatedAt = now,
    };

    /// <summary>Another seed, while the first is not confirmed. False when it is.</summary>
    public bool SetUpAgain(byte[] protectedSeed, DateTimeOffset now)
    {
        if (ConfirmedAt is not null)
        {
            return false;
        }

        ProtectedSeed = protectedSeed;
        CreatedAt = now;
        return true;
    }

    /// <summary>Takes the code of <paramref name="step"/>, on a locked row only. False when that step, or a later one, was taken before.</summary>
    public bool TryTake(long step)
    {
        if (step <= LastStep)
        {
            return false;
        }

        LastStep = step;
        return true;
    }

    /// <summary>The member has shown a code.</summary>
    public void Confirm(DateTimeOffset now) => ConfirmedAt ??= now;
}
