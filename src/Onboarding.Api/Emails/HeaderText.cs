using System.Text.RegularExpressions;

namespace Onboarding.Api.Emails;

internal static partial class HeaderText
{
    /// <summary>The text on one line, so that no name or subject can start a header of its own.</summary>
    public static string SingleLine(string text) => Breaks().Replace(text, " ").Trim();

    [GeneratedRegex(@"[\s\p{Cc}\u2028\u2029]+", RegexOptions.CultureInvariant)]
    private static partial Regex Breaks();
}
