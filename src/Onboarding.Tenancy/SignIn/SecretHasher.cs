using System.Security.Cryptography;
using System.Text;

namespace Onboarding.Tenancy.SignIn;

/// <summary>The two ways in which secrets are stored: short ones keyed, long random ones plain.</summary>
/// <remarks>
/// A six-digit code has 20 bits: without a key, a dump of the database would give all of them away (SEC-9). A token
/// of 256 random bits needs neither key nor salt (SEC-15).
/// </remarks>
public sealed class SecretHasher(byte[] key)
{
    /// <summary>HMAC-SHA256 over purpose, row and digits.</summary>
    public byte[] HashCode(Guid codeId, CodePurpose purpose, string digits) => Keyed($"one-time-code:{purpose}:{codeId:N}:{digits}");

    /// <summary>HMAC-SHA256 over owner and recovery code (SEC-28).</summary>
    public byte[] HashRecoveryCode(Guid memberId, string code) => Keyed($"recovery-code:{memberId:N}:{code}");

    private byte[] Keyed(string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    /// <summary>SHA-256 of a long random token.</summary>
    public static byte[] HashToken(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
