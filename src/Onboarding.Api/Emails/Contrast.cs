using System.Globalization;

namespace Onboarding.Api.Emails;

/// <summary>How well text reads on a colour (WCAG 2.2, relative luminance and contrast ratio). Colours are <c>#rrggbb</c>.</summary>
internal static class Contrast
{
    public const string Dark = "#16191d";
    public const string White = "#ffffff";

    /// <summary>What WCAG 2.2 asks for at level AA (success criterion 1.4.3).</summary>
    private const double Enough = 4.5;

    /// <summary>Below it, a surface is lost on the one behind it; its label carries the meaning, so less than for text will do.</summary>
    public const double Visible = 2;

    /// <summary>Whether dark or white text reads well on <paramref name="background"/>.</summary>
    public static bool IsReadable(string background) => Ratio(background, TextOn(background)) >= Enough;

    /// <summary>The text colour that reads better on <paramref name="background"/>.</summary>
    public static string TextOn(string background) => Ratio(background, Dark) > Ratio(background, White) ? Dark : White;

    /// <summary>From 1 (the same) to 21 (black on white).</summary>
    public static double Ratio(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(string color) => (0.2126 * Channel(color, 1)) + (0.7152 * Channel(color, 3)) + (0.0722 * Channel(color, 5));

    private static double Channel(string color, int start)
    {
        var value = byte.Parse(color.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
