using System.Net;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.CustomRoles;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApiKeys;

/// <summary>What a key may be told to be, wherever that is said.</summary>
internal static class ApiKeyRules
{
    public const int MaxName = 100;
    public const int MaxScopes = 100;
    public const int MaxNetworks = 50;
    public const int MaxRateLimit = 1_000_000;
    public const int MaxYears = 10;

    /// <summary>Why a key cannot be given this; null leaves a value as it is.</summary>
    /// <param name="held">What the caller may do: a key never may more.</param>
    public static ProblemHttpResult? Refusal(
        IReadOnlyList<string>? scopes, IReadOnlyList<string>? networks, DateTimeOffset? expiresAt, IReadOnlySet<string> held, DateTimeOffset now) =>
        (scopes?.Contains(Permissions.ManageApiKeys) == true ? Problems.Invalid("scopes", "Keys are managed by people: no key can hold api_keys:manage.") : null)
        ?? (scopes is null ? null : DefineRole.PermissionRefusal(scopes, held))
        ?? (networks?.All(network => Canonical(network) is not null) == false
            ? Problems.Invalid("allowed_networks", "A network is an IPv4 or IPv6 one such as 192.0.2.0/24, or a single address.") : null)
        ?? (expiresAt <= now ? Problems.Invalid("expires_at", "This moment is over.") : null)
        ?? (expiresAt > now.AddYears(MaxYears) ? Problems.Invalid("expires_at", $"A key is good for {MaxYears} years at most.") : null);

    /// <summary>Networks in the one form in which they are kept; all of them are good.</summary>
    public static IReadOnlyList<string>? Canonical(IReadOnlyList<string>? networks) => networks is null ? null : [.. networks.Select(network => Canonical(network)!)];

    // IPv4 networks are written as such: an address counts by its IPv4 form, in whichever form it arrives.
    private static string? Canonical(string? text)
    {
        var parts = (text ?? "").Trim().Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out var address) || address.IsIPv4MappedToIPv6 || address.ScopeIdOf() != 0)
        {
            return null;
        }

        // Four decimal numbers and nothing else: 010.0.0.1, 0x7f.1 and 1 are read as other addresses than they look like.
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && address.ToString() != parts[0])
        {
            return null;
        }

        // Nor is 10.0.0.1/8 a network: it is unclear what was meant.
        var bits = address.GetAddressBytes().Length * 8;
        return IPNetwork.TryParse(parts.Length == 2 ? $"{address}/{parts[1]}" : $"{address}/{bits}", out var network) && network.BaseAddress.Equals(address) ? network.ToString() : null;
    }

    private static long ScopeIdOf(this IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? address.ScopeId : 0;
}
