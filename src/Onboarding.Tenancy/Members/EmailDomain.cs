using System.Globalization;
using System.Text.RegularExpressions;

namespace Onboarding.Tenancy.Members;

/// <summary>Domains of e-mail addresses in the one form in which they are compared: that in which mail is sent to them.</summary>
/// <remarks>
/// ASCII (IDNA, RFC 5891), lower case. Nothing is mapped that the mail server's own look-up would not map too: who proves
/// an address of a look-alike domain must not pass for somebody of the real one.
/// </remarks>
public static partial class EmailDomain
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>The domain of an address; null when mail cannot be sent to it over the public DNS.</summary>
    public static string? Of(string email) => Parse(email[(email.LastIndexOf('@') + 1)..]);

    /// <summary>A domain as somebody typed it; null when it is none of the public DNS.</summary>
    public static string? Parse(string typed)
    {
        try
        {
            var ascii = Idn.GetAscii(typed.Trim()).ToLowerInvariant();
            return ascii.Length <= 253 && Shape().IsMatch(ascii) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // Labels as in RFC 1123; the last one begins with a letter, so that an IP address is none.
    [GeneratedRegex(@"\A(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
