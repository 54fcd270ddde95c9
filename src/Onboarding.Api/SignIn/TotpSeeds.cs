using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;
using OtpNet;
using Totp = Onboarding.Tenancy.SignIn.Totp;

namespace Onboarding.Api.SignIn;

/// <summary>Seeds of authenticator apps: made, encrypted for one member of one organization, and held against codes (SEC-28).</summary>
/// <remarks>
/// HMAC-SHA-1, 30 seconds and six digits, because that is what every app can do and some can nothing else; RFC 6238
/// needs no more of the hash than HMAC gives.
/// </remarks>
internal sealed class TotpSeeds(IDataProtectionProvider protection)
{
    /// <summary>160 bits, as RFC 4226, section 4, recommends.</summary>
    private const int Length = 20;

    // One step either side: clocks and people are slow (RFC 6238, section 5.2).
    private static readonly VerificationWindow Window = new(previous: 1, future: 1);

    public static byte[] New() => RandomNumberGenerator.GetBytes(Length);

    public byte[] Protect(byte[] seed, Organization organization, Guid memberId) => For(organization.SecretScope, memberId).Protect(seed);

    /// <summary>The same for somebody who runs the platform.</summary>
    public byte[] Protect(byte[] seed, SuperAdmin admin) => For(admin).Protect(seed);

    /// <summary>The time step that <paramref name="digits"/> belong to; null when to none around <paramref name="now"/>. Whether it was taken before is asked elsewhere.</summary>
    public long? StepOf(string digits, Totp totp, Organization organization, DateTimeOffset now)
    {
        return StepOf(digits, For(organization.SecretScope, totp.MemberId).Unprotect(totp.ProtectedSeed), now);
    }

    /// <summary>The same for somebody who runs the platform and has set one up.</summary>
    public long? StepOf(string digits, SuperAdmin admin, DateTimeOffset now) => StepOf(digits, For(admin).Unprotect(admin.ProtectedSeed!), now);

    private static long? StepOf(string digits, byte[] seed, DateTimeOffset now) =>
        new OtpNet.Totp(seed).VerifyTotp(now.UtcDateTime, digits, out var step, Window) ? step : null;

    private IDataProtector For(SuperAdmin admin) => protection.CreateProtector("totp", "platform", admin.Id.ToString());


    /// <summary>Whether this installation's keys open it.</summary>
    public bool Opens(byte[] protectedSeed, Guid scope, Guid memberId)
    {
        try
        {
            For(scope, memberId).Unprotect(protectedSeed);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private IDataProtector For(Guid scope, Guid memberId) => protection.CreateProtector("totp", scope.ToString(), memberId.ToString());
}
