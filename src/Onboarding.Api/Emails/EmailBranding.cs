using System.Globalization;
using System.Text.RegularExpressions;

namespace Onboarding.Api.Emails;

/// <summary>How an organization's mails look.</summary>
/// <param name="OrganizationName">Shown in the header and the footer.</param>
/// <param name="AccentColor"><c>#rrggbb</c>; anything else falls back to a neutral blue.</param>
/// <param name="LogoUrl">An absolute https address, or null to show the name; anything else reads as null.</param>
public sealed partial record EmailBranding(string OrganizationName, string AccentColor, string? LogoUrl)
{
    private const string NeutralAccent = "#2456a6";
    private const string Dark = "#16191d";
    private const string White = "#ffffff";

    /// <summary>Safe to stand inside a style attribute.</summary>
    internal string Accent => HexColor().IsMatch(AccentColor) ? AccentColor : NeutralAccent;

    /// <summary>The text colour that reads better on the accent (WCAG 2.2, relative luminance).</summary>
    internal string OnAccent => IsLight ? Dark : White;

    /// <summary>A light accent would vanish on the white card without an outline.</summary>
    internal string Outline => IsLight ? Dark : Accent;

    internal Uri? Logo => Uri.TryCreate(LogoUrl, UriKind.Absolute, out var logo) && logo.Scheme == Uri.UriSchemeHttps ? logo : null;

    // Above this luminance black has more contrast than white: (L + 0.05)^2 = 1.05 * 0.05.
    private bool IsLight => (0.2126 * Channel(1)) + (0.7152 * Channel(3)) + (0.0722 * Channel(5)) > 0.179;

    private double Channel(int start)
    {
        var value = byte.Parse(Accent.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }

    [GeneratedRegex(@"\A#[0-9a-fA-F]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex HexColor();
}
