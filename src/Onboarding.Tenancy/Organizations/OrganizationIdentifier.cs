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
    /// What an identifier looks like at a glance: two of one skeleton could pass for each other in an address bar. PostgreSQL
    /// computes the same for the catalogue (<see cref="SkeletonSql"/>).
    /// </summary>
    public static string Skeleton(string identifier) => Hyphens().Replace(
        identifier.Replace('0', 'o').Replace('1', 'l').Replace('i', 'l').Replace('5', 's')
            .Replace("rn", "m", StringComparison.Ordinal).Replace("vv", "w", StringComparison.Ordinal),
        "-");

    /// <summary><see cref="Skeleton"/> of the column <c>identifier</c>.</summary>
    internal const string SkeletonSql = "regexp_replace(replace(replace(translate(identifier, '01i5', 'olls'), 'rn', 'm'), 'vv', 'w'), '-+', '-', 'g')";

    /// <summary>Why a stranger cannot have <paramref name="identifier"/>: as <see cref="Refusal"/>, or because it looks like a reserved word.</summary>
    public static string? RefusalToStrangers(string? identifier) =>
        Refusal(identifier) ?? (ReservedSkeletons.Contains(Skeleton(identifier!)) ? $"The identifier '{identifier}' looks like a reserved word." : null);

    private static readonly HashSet<string> ReservedSkeletons = [.. Reserved.Select(Skeleton)];

    [GeneratedRegex("-+", RegexOptions.CultureInvariant)]
    private static partial Regex Hyphens();

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
