using System.Buffers.Text;
using System.Security.Cryptography;

namespace Onboarding.Tenancy.SignIn;

/// <summary>A token that means nothing in itself: 256 random bits in base64url behind a prefix that names its kind.</summary>
/// <remarks>The prefix lets secret scanners recognize it and keeps one kind from passing as another (SEC-22).</remarks>
public static class OpaqueToken
{
    /// <summary>Prefix of refresh tokens.</summary>
    public const string Refresh = "rt_";

    /// <summary>Prefix of set-password links.</summary>
    public const string SetPassword = "sp_";

    /// <summary>Prefix of links by which a forgotten password is reset.</summary>
    public const string ResetPassword = "rp_";

    /// <summary>Prefix of invitations.</summary>
    public const string Invitation = "iv_";

    /// <summary>Prefix of what stands between a right password and the second factor.</summary>
    public const string Mfa = "mf_";

    /// <summary>Prefix of what stands between the options of a passkey ceremony and the authenticator's answer.</summary>
    public const string Passkey = "pk_";

    /// <summary>Prefix of what a remembered device shows instead of a second factor.</summary>
    public const string Device = "rd_";

    private const int SecretChars = 43;

    /// <summary>A new token of the kind.</summary>
    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether <paramref name="token"/> has the form of the kind; a cheap refusal before any query.</summary>
    public static bool IsWellFormed(string? token, string prefix) =>
        token is not null
        && token.Length == prefix.Length + SecretChars
        && token.StartsWith(prefix, StringComparison.Ordinal)
        && Base64Url.IsValid(token.AsSpan(prefix.Length));
}
