using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Onboarding.FakeStripe.Callbacks;

/// <summary>Signs a callback: an HMAC over the time and the body, one for each secret.</summary>
internal static class Signature
{
    public static string Of(string body, IEnumerable<string> secrets, DateTimeOffset at)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signed = Encoding.UTF8.GetBytes($"{time}.{body}");
        return $"t={time}" + string.Concat(secrets.Select(secret => $",v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}"));
    }
}
