using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.ApiKeys;

/// <summary>How an API key stands.</summary>
public enum ApiKeyStatus
{
    /// <summary>Good for what its scopes say.</summary>
    Active,

    /// <summary>Its time is over; another expiry makes it good again.</summary>
    Expired,

    /// <summary>Taken back for good.</summary>
    Revoked,
}

/// <summary>What an API key may be told to be; null leaves as it is.</summary>
/// <param name="RateLimit">Requests a minute; a value of null takes the limit off.</param>
public sealed record ApiKeyChange(
    string? Name = null, IReadOnlyList<string>? Scopes = null, IReadOnlyList<string>? AllowedNetworks = null, Assigned<int?>? RateLimit = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A credential for machines: the organization's own, or that of a member, who then lends it what the role allows.</summary>
/// <remarks>
/// Two secrets work at most, the second only while a rotation overlaps. Neither is kept: what is stored are SHA-256
/// digests of 190 random bits, which need neither key nor salt (SEC-34).
/// </remarks>
public sealed class ApiKey
{
    private ApiKey()
    {
    }

    /// <summary>UUIDv7; stays when the secret is rotated.</summary>
    public Guid Id { get; private init; }

    /// <summary>What it is for.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The last four characters of the key, by which people tell keys apart.</summary>
    public string Hint { get; private set; } = "";

    /// <summary>The member whose key it is; null for the organization's own, which outlives whoever created it.</summary>
    public Guid? OwnerId { get; private init; }

    /// <summary>The member who created it.</summary>
    public Guid? CreatedBy { get; private init; }

    /// <summary>Permissions that it holds, in order; those of a member's key count as far as the role allows them.</summary>
    public IReadOnlyList<string> Scopes { get; private set; } = [];

    /// <summary>Networks (CIDR) that it may be used from; empty for everywhere.</summary>
    public IReadOnlyList<string> AllowedNetworks { get; private set; } = [];

    /// <summary>Requests a minute that it may make; null for the default.</summary>
    public int? RateLimit { get; private set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>SHA-256 of the key.</summary>
    public byte[] SecretHash { get; private set; } = [];

    /// <summary>SHA-256 of the key before the last rotation.</summary>
    public byte[]? PreviousHash { get; private set; }

    /// <summary>Until when that one works too.</summary>
    public DateTimeOffset? PreviousUntil { get; private set; }

    /// <summary>When it was taken back.</summary>
    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>When it was last used, to about a minute; written beside the requests (<see cref="ApiKeyUsage"/>).</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    /// <summary>PostgreSQL's <c>xmin</c>: of two who rotate at once one hears that the other was first.</summary>
    public uint Version { get; private set; }

    /// <summary>How it stands at <paramref name="now"/>.</summary>
    public ApiKeyStatus StatusAt(DateTimeOffset now) =>
        RevokedAt is not null ? ApiKeyStatus.Revoked : now >= ExpiresAt ? ApiKeyStatus.Expired : ApiKeyStatus.Active;

    /// <summary>A new key, and its text, which nobody ever sees again.</summary>
    /// <param name="organization">Whose schema it goes into.</param>
    /// <param name="change">What it is to be; name, scopes and expiry have to be there.</param>
    /// <param name="by">The member who creates it.</param>
    public static (ApiKey Key, string Token, ApiKeyCreated Event) Create(Guid organization, Guid? owner, ApiKeyChange change, Guid? by, DateTimeOffset now)
    {
        var key = new ApiKey { Id = Ids.New(now), OwnerId = owner, CreatedBy = by, CreatedAt = now };
        key.Take(change);
        return (key, key.NewSecret(organization), new ApiKeyCreated(key.Id, key.Name, key.OwnerId, key.Scopes, now));
    }

    /// <summary>Another name, other scopes, networks, limit or expiry; null when it is revoked or nothing changes.</summary>
    public ApiKeyChanged? Change(ApiKeyChange change, DateTimeOffset now)
    {
        var before = (Name, Scopes, AllowedNetworks, RateLimit, ExpiresAt);
        if (RevokedAt is not null)
        {
            return null;
        }

        Take(change);
        return Name == before.Name && RateLimit == before.RateLimit && ExpiresAt == before.ExpiresAt
            && Scopes.SequenceEqual(before.Scopes) && AllowedNetworks.SequenceEqual(before.AllowedNetworks)
            ? null
            : new ApiKeyChanged(Id, Name, Scopes, now);
    }

    /// <summary>A new secret; the one before works on for <paramref name="overlap"/>, any older one no more. Null when it is revoked.</summary>
    public (string Token, ApiKeyRotated Event)? Rotate(Guid organization, TimeSpan overlap, DateTimeOffset now)
    {
        if (RevokedAt is not null)
        {
            return null;
        }

        PreviousHash = overlap > TimeSpan.Zero ? SecretHash : null;
        PreviousUntil = overlap > TimeSpan.Zero ? now + overlap : null;
        return (NewSecret(organization), new ApiKeyRotated(Id, Name, PreviousUntil, now));
    }

    /// <summary>Takes it back, all its secrets at once; null when that was done already.</summary>
    public ApiKeyRevoked? Revoke(DateTimeOffset now)
    {
        if (RevokedAt is not null)
        {
            return null;
        }

        RevokedAt = now;
        return new ApiKeyRevoked(Id, Name, now);
    }

    private void Take(ApiKeyChange change)
    {
        Name = change.Name ?? Name;
        Scopes = change.Scopes is null ? Scopes : InOrder(change.Scopes);
        AllowedNetworks = change.AllowedNetworks is null ? AllowedNetworks : InOrder(change.AllowedNetworks);
        RateLimit = change.RateLimit is null ? RateLimit : change.RateLimit.Value;
        ExpiresAt = change.ExpiresAt ?? ExpiresAt;
    }

    private string NewSecret(Guid organization)
    {
        var token = ApiKeyToken.New(organization);
        (SecretHash, Hint) = (SecretHasher.HashToken(token), token[^4..]);
        return token;
    }

    private static List<string> InOrder(IEnumerable<string> values) => [.. values.Distinct().Order(StringComparer.Ordinal)];
}
