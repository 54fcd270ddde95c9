using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Onboarding.Tenancy.Organizations;
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

    public byte[] Protect(byte[] seed, Organization organization, Guid memberId) => For(organization, memberId).Protect(seed);

    /// <summary>The time step that <paramref name="digits"/> belong to; null when to none around <paramref name="now"/>. Whether it was taken before is asked elsewhere.</summary>
    public long? StepOf(string digits, Totp totp, Organization organization, DateTimeOffset now)
    {
        var seed = For(organization, totp.MemberId).Unprotect(totp.ProtectedSeed);
        return new OtpNet.Totp(seed).VerifyTotp(now.UtcDateTime, digits, out var step, Window) ? step : null;
    }

    private IDataProtector For(Organization organization, Guid memberId) => protection.CreateProtector("totp", organization.Id, memberId.ToString());
}
