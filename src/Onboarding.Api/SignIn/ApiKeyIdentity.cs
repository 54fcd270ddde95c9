using System.Net;
using System.Security.Claims;

namespace Onboarding.Api.SignIn;

/// <summary>Who calls with an API key. Shared between requests, so nothing of it ever changes.</summary>
/// <param name="keyId">The key.</param>
/// <param name="ownerId">The member whose key it is; null for the organization's own.</param>
/// <param name="createdBy">Who created it.</param>
/// <param name="permissions">Its scopes; those of a member's key as far as the role allows them.</param>
/// <param name="networks">Where it may come from; empty for everywhere.</param>
/// <param name="rateLimit">Requests a minute that it may make.</param>
/// <param name="goodUntil">When the secret that was shown stops being good.</param>
internal sealed class ApiKeyIdentity(
    Guid keyId, Guid? ownerId, Guid? createdBy, IReadOnlySet<string> permissions, IReadOnlyList<IPNetwork> networks, int rateLimit, DateTimeOffset goodUntil)
    : ClaimsIdentity(Describe(keyId, ownerId, permissions), nameof(ApiKeyIdentity), TokenClaims.ApiKey, TokenClaims.Role)
{
    public Guid KeyId { get; } = keyId;

    public Guid? OwnerId { get; } = ownerId;

    public Guid? CreatedBy { get; } = createdBy;

    public IReadOnlySet<string> Permissions { get; } = permissions;

    public int RateLimit { get; } = rateLimit;

    /// <summary>What its requests are counted under: with its limit, so that another limit starts at once.</summary>
    public string Party { get; } = $"{keyId:N}:{rateLimit}";

    public bool IsGoodAt(DateTimeOffset now) => now < goodUntil;

    /// <summary>Whether it may come from <paramref name="address"/>; an IPv4 address counts as such in its IPv6 form too.</summary>
    public bool MayComeFrom(IPAddress? address)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return networks.Count == 0 || (plain is not null && networks.Any(network => network.Contains(plain)));
    }

    private static IEnumerable<Claim> Describe(Guid keyId, Guid? ownerId, IReadOnlySet<string> permissions) =>
    [
        new(TokenClaims.ApiKey, keyId.ToString()),
        .. ownerId is { } owner ? [new Claim(TokenClaims.Owner, owner.ToString())] : Array.Empty<Claim>(),
        .. permissions.Select(permission => new Claim(TokenClaims.Scope, permission)),
    ];
}
