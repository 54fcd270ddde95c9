using System.Text.RegularExpressions;

namespace Onboarding.Tenancy.Organizations;

/// <summary>What an organization may be called in a host name: 3-40 of <c>a-z0-9-</c>, starting and ending with a letter or digit.</summary>
public static partial class OrganizationIdentifier
{
    // Names that a product will want for itself, or that would let an organization pose as the platform.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "admin", "administrator", "api", "app", "assets", "auth", "billing", "blog", "cdn", "console", "dashboard",
        "dev", "docs", "email", "ftp", "health", "help", "host", "imap", "internal", "localhost", "login", "mail",
        "metrics", "news", "onboarding", "org", "platform", "pop", "postmaster", "public", "quartz", "root", "security",
        "sso", "smtp", "static", "status", "support", "swagger", "system", "test", "webhook", "webhooks", "webmaster", "www",
    };

    /// <summary>Why <paramref name="identifier"/> cannot be taken, as a sentence; null when it can.</summary>
    public static string? Refusal(string? identifier) => identifier switch
    {
        null => "An identifier is required.",
        _ when !Shape().IsMatch(identifier) => "An identifier has 3 to 40 of the characters a-z, 0-9 and '-', and starts and ends with a letter or digit.",
        _ when Reserved.Contains(identifier) => $"The identifier '{identifier}' is reserved.",
        // Punycode would let a look-alike in through the back door.
        _ when identifier.StartsWith("xn--", StringComparison.Ordinal) => "An identifier cannot be an internationalized name.",
        _ => null,
    };

    /// <summary>
    /// What an identifier looks like at a glance: two of one key could pass for each other in an address bar. PostgreSQL
    /// computes the same for the catalogue (<see cref="LookAlikeKeySql"/>).
    /// </summary>
    /// <remarks>A letter that looks like two becomes two, never the other way round: in <c>vvv</c> it is open which two were one.</remarks>
    public static string LookAlikeKey(string identifier) => Hyphens().Replace(
        identifier.Replace('0', 'o').Replace('1', 'l').Replace('i', 'l').Replace('5', 's')
            .Replace("m", "rn", StringComparison.Ordinal).Replace("w", "vv", StringComparison.Ordinal).Replace("d", "cl", StringComparison.Ordinal),
        "-");

    /// <summary><see cref="LookAlikeKey"/> of the column <c>identifier</c>.</summary>
    internal const string LookAlikeKeySql = "regexp_replace(replace(replace(replace(translate(identifier, '01i5', 'olls'), 'm', 'rn'), 'w', 'vv'), 'd', 'cl'), '-+', '-', 'g')";

    /// <summary>
    /// What the first release went by, and computes in the column <c>skeleton</c>. Its nodes serve beside this release's while an
    /// installation is upgraded, and lock this; the next release drops both.
    /// </summary>
    internal static string Skeleton(string identifier) => Hyphens().Replace(
        identifier.Replace('0', 'o').Replace('1', 'l').Replace('i', 'l').Replace('5', 's')
            .Replace("rn", "m", StringComparison.Ordinal).Replace("vv", "w", StringComparison.Ordinal),
        "-");

    /// <summary>Why a stranger cannot have <paramref name="identifier"/>: as <see cref="Refusal"/>, or because it looks like a reserved word.</summary>
    public static string? RefusalToStrangers(string? identifier) =>
        Refusal(identifier) ?? (ReservedLooks.Contains(LookAlikeKey(identifier!)) ? $"The identifier '{identifier}' looks like a reserved word." : null);

    private static readonly HashSet<string> ReservedLooks = [.. Reserved.Select(LookAlikeKey)];

    [GeneratedRegex("-+", RegexOptions.CultureInvariant)]
    private static partial Regex Hyphens();

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
