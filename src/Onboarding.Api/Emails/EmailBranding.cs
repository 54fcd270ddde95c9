using System.Text.RegularExpressions;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Emails;

/// <summary>How an organization's mails look.</summary>
/// <param name="OrganizationName">Shown in the header and the footer.</param>
/// <param name="AccentColor"><c>#rrggbb</c>; anything else falls back to a neutral blue.</param>
/// <param name="LogoUrl">An absolute https address, or null to show the name; anything else reads as null.</param>
public sealed partial record EmailBranding(string OrganizationName, string AccentColor, string? LogoUrl)
{
    /// <summary>As its admins have settled it.</summary>
    internal static EmailBranding Of(Organization organization) => new(organization.Name, organization.AccentColor, organization.Settings.LogoUrl);

    /// <summary>The product's own, in mails that belong to no organization.</summary>
    internal static EmailBranding Of(ProductOptions product) => new(product.Name, Organization.DefaultAccentColor, LogoUrl: null);

    private const string NeutralAccent = "#2456a6";

    /// <summary>The layout's card in the dark.</summary>
    private const string DarkCard = "#20242a";

    /// <summary>Safe to stand inside a style attribute.</summary>
    internal string Accent => HexColor().IsMatch(AccentColor) ? AccentColor : NeutralAccent;

    /// <summary>The text colour that reads better on the accent.</summary>
    internal string OnAccent => Contrast.TextOn(Accent);

    /// <summary>A light accent would vanish on the white card without an outline.</summary>
    internal string Outline => OnAccent == Contrast.Dark ? Contrast.Dark : Accent;

    /// <summary>The same for a dark accent on the dark card.</summary>
    internal string OutlineInDark => Contrast.Ratio(Accent, DarkCard) < Contrast.Visible ? "#a9b0ba" : Accent;

    internal Uri? Logo => Uri.TryCreate(LogoUrl, UriKind.Absolute, out var logo) && logo.Scheme == Uri.UriSchemeHttps ? logo : null;

    [GeneratedRegex(@"\A#[0-9a-fA-F]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex HexColor();
}
