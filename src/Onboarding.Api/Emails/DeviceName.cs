namespace Onboarding.Api.Emails;

/// <summary>What people call a device, made of what it calls itself (RFC 9110, section 10.1.5).</summary>
/// <remarks>Only words of ours come out: whoever signs in writes the header, and our mails are not to carry it.</remarks>
internal static class DeviceName
{
    // In this order: most browsers name others as well, to be taken for them.
    private static readonly (string Sign, string Name)[] Browsers =
    [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ];

    private static readonly (string Sign, string Name)[] Systems =
    [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
    ];

    /// <summary>"Firefox on Windows", "an app on Android", "an app".</summary>
    public static string Of(string? userAgent)
    {
        var browser = Named(Browsers, userAgent) ?? "an app";
        return Named(Systems, userAgent) is { } system ? $"{browser} on {system}" : browser;
    }

    private static string? Named((string Sign, string Name)[] known, string? userAgent) => userAgent is null
        ? null
        : known.FirstOrDefault(entry => userAgent.Contains(entry.Sign, StringComparison.Ordinal)).Name;
}
