using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ZXing;
using ZXing.Common;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>Looks at an SVG image with somebody else's eyes.</summary>
internal static partial class QrPicture
{
    private const int Scale = 4;

    /// <summary>The text of the QR code in an image whose one path is drawn of bars, such as <c>M4 4h7v1h-7z</c>.</summary>
    public static string? Read(string svg)
    {
        var root = XDocument.Parse(svg).Root!;
        var size = int.Parse(root.Attribute("viewBox")!.Value.Split(' ')[2], CultureInfo.InvariantCulture) * Scale;
        var pixels = Enumerable.Repeat((byte)255, size * size).ToArray();
        foreach (Match bar in Bars().Matches(root.Elements().Single(element => element.Name.LocalName == "path").Attribute("d")!.Value))
        {
            var (x, y, width, height) = (Number(bar, 1), Number(bar, 2), Number(bar, 3), Number(bar, 4));
            for (var row = y; row < y + height; row++)
            {
                pixels.AsSpan((row * size) + x, width).Clear();
            }
        }

        var reader = new BarcodeReaderGeneric { Options = new DecodingOptions { PossibleFormats = [BarcodeFormat.QR_CODE], PureBarcode = true, CharacterSet = "UTF-8" } };
        return reader.Decode(new RGBLuminanceSource(pixels, size, size, RGBLuminanceSource.BitmapFormat.Gray8))?.Text;
    }

    private static int Number(Match bar, int group) => int.Parse(bar.Groups[group].Value, CultureInfo.InvariantCulture) * Scale;

    [GeneratedRegex(@"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")]
    private static partial Regex Bars();
}
