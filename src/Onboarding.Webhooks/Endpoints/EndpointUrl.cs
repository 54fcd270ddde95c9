using System.Net;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Endpoints;

/// <summary>Where an organization may have its webhooks sent, as far as the URL alone can tell.</summary>
/// <remarks>What a name resolves to is judged at each connect (HOOK-16, HOOK-17): today's answer says nothing about tomorrow's.</remarks>
public static class EndpointUrl
{
    /// <summary>The longest URL that is taken, in characters.</summary>
    public const int MaxLength = 2_000;

    /// <summary>Why <paramref name="url"/> cannot be taken, as a sentence; null when it can.</summary>
    /// <param name="url">As the admin wrote it.</param>
    /// <param name="allowPrivateNetworks">Permits <c>http</c>, <c>localhost</c> and addresses of private networks (<see cref="WebhookOptions.AllowPrivateNetworks"/>).</param>
    public static string? Refusal(string? url, bool allowPrivateNetworks)
    {
        if (string.IsNullOrEmpty(url))
        {
            return "A URL is required.";
        }

        // Uri trims and drops such characters, and others read them in other ways.
        if (url.Length > MaxLength || url.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '\\'))
        {
            return $"A URL has at most {MaxLength} characters, and no white space, control characters or backslashes.";
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            return "The URL is not an absolute https URL.";
        }

        return uri switch
        {
            _ when uri.Scheme != Uri.UriSchemeHttps && !allowPrivateNetworks => "The URL has to begin with https://.",
            // An empty user name is not in UserInfo.
            _ when uri.UserInfo.Length > 0 || HasUserInfo(url) => "The URL cannot carry a user name or password.",
            _ when uri.Fragment.Length > 0 => "The URL cannot have a fragment.",
            _ when uri.Port == 0 => "The URL has no valid port.",
            _ => HostRefusal(uri, allowPrivateNetworks),
        };
    }

    /// <summary>Whether two URLs that were taken lead to the same server: scheme, host and port (RFC 6454, section 5).</summary>
    public static bool IsSameOrigin(string url, string other)
    {
        var (one, two) = (new Uri(url), new Uri(other));
        return one.Scheme == two.Scheme && one.Port == two.Port && one.IdnHost.Equals(two.IdnHost, StringComparison.OrdinalIgnoreCase);
    }

    private static string? HostRefusal(Uri uri, bool allowPrivateNetworks)
    {
        // Uri reads decimal, octal and hexadecimal IPv4 addresses; IdnHost reads the full stops of other scripts too.
        var host = uri.IdnHost.TrimEnd('.');
        if (IPAddress.TryParse(host, out var address))
        {
            return allowPrivateNetworks || AddressRules.IsPublic(address) ? null : "The address is not one of the public internet.";
        }

        // No top-level domain begins with a digit; such a host is an address gone wrong.
        if (uri.HostNameType != UriHostNameType.Dns || char.IsAsciiDigit(host[host.LastIndexOf('.') + 1]))
        {
            return "The URL has no valid host.";
        }

        // RFC 6761, section 6.3: all of them are this machine.
        var isThisMachine = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        return isThisMachine && !allowPrivateNetworks ? "The host is not one of the public internet." : null;
    }

    private static bool HasUserInfo(string url)
    {
        var rest = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3);
        var end = rest.IndexOfAny('/', '?', '#');
        return (end < 0 ? rest : rest[..end]).Contains('@');
    }
}
