using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.SignIn;

/// <summary>Finds API keys: in this node's memory for ten seconds, else in the organization's schema, in one round trip (PERF-11).</summary>
/// <remarks>
/// What is remembered hangs on the very instance of the <see cref="Organization"/> that the request was found to belong
/// to, and is good for nobody else's (SEC-6). Whoever takes something from a key, or from its owner, makes every node
/// read the organization anew (<see cref="CachedOrganizationStore.TouchAsync"/>), and with that every key of it (SEC-24).
/// What is no good is remembered too, in a memory of its own that made-up keys cannot fill beyond its bound: a client that
/// goes on with a revoked key costs nothing, and only different keys count as guesses.
/// </remarks>
internal sealed class KnownApiKeys(IOptions<ApiKeyOptions> options, IOptions<RateLimitOptions> limits, Throttle throttle, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(10);
    private const int MaxRemembered = 50_000;
    private const int MaxUnknown = 10_000;

    private static readonly Func<TenantDbContext, byte[], CancellationToken, Task<Row?>> Find = EF.CompileAsyncQuery(
        (TenantDbContext db, byte[] hash, CancellationToken cancellationToken) => db.ApiKeys.AsNoTracking()
            .Where(k => (k.SecretHash == hash || k.PreviousHash == hash) && k.RevokedAt == null)
            .Select(k => new Row(
                k.Id, k.OwnerId, k.CreatedBy, db.Members.Where(m => m.Id == k.OwnerId && m.Status == MemberStatus.Active).Select(m => m.Role).FirstOrDefault(),
                k.Scopes, k.AllowedNetworks, k.RateLimit, k.ExpiresAt, k.SecretHash == hash ? null : k.PreviousUntil))
            .SingleOrDefault());

    private readonly MemoryCache good = new(new MemoryCacheOptions { SizeLimit = MaxRemembered });
    private readonly MemoryCache unknown = new(new MemoryCacheOptions { SizeLimit = MaxUnknown });

    /// <param name="OwnerRole">The owner's role; null where there is no owner, or none who is active.</param>
    /// <param name="PreviousUntil">For a secret that was rotated away: until when it works.</param>
    private sealed record Row(
        Guid Id, Guid? OwnerId, Guid? CreatedBy, string? OwnerRole, IReadOnlyList<string> Scopes, IReadOnlyList<string> AllowedNetworks, int? RateLimit,
        DateTimeOffset ExpiresAt, DateTimeOffset? PreviousUntil);

    private sealed record Remembered(Organization Organization, ApiKeyIdentity Identity);

    /// <summary>Who comes with this key of the organization; null when it is not good, for whatever reason.</summary>
    /// <param name="organization">Whose key it has to be.</param>
    /// <param name="key">As it was sent.</param>
    /// <param name="http">The request; only what is not remembered needs its unit of work.</param>
    /// <exception cref="TooManyUnknownKeysException">From this address came too many different keys that are none.</exception>
    public async Task<ApiKeyIdentity?> FindAsync(Organization organization, string key, HttpContext http)
    {
        var hash = SecretHasher.HashToken(key);
        var digest = (BinaryPrimitives.ReadUInt128LittleEndian(hash), BinaryPrimitives.ReadUInt128LittleEndian(hash.AsSpan(16)));
        if (!good.TryGetValue(digest, out Remembered? known) || !ReferenceEquals(known!.Organization, organization))
        {
            if (unknown.TryGetValue(digest, out Organization? asked) && ReferenceEquals(asked, organization))
            {
                return null;
            }

            var (guesses, limit) = (new ThrottleKey("unknown_api_key", organization.Key, $"address:{ThrottleExtensions.NetworkOf(http)}"), limits.Value.UnknownApiKey);
            if (known is null && throttle.Spent(guesses, limit.PerAddress, limit.Window) is { } wait) // one that was good a moment ago is no guess
            {
                throw new TooManyUnknownKeysException(limit.PerAddress, wait);
            }

            var row = await Find(http.RequestServices.GetRequiredService<TenantDbContext>(), hash, http.RequestAborted);
            if (row is { OwnerId: not null, OwnerRole: null })
            {
                return null; // for as long as its owner is none of the active
            }

            if (row is null)
            {
                good.Remove(digest);
                throttle.Count(guesses, limit.PerAddress, limit.Window);
                unknown.Set(digest, organization, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Remember });
                return null;
            }

            known = new(organization, Describe(organization, row));
            good.Set(digest, known, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Remember });
        }

        return known.Identity.IsGoodAt(clock.GetUtcNow()) ? known.Identity : null;
    }

    public void Dispose()
    {
        good.Dispose();
        unknown.Dispose();
    }

    // What the role allows is the organization's to say, and it is this instance's for as long as the key is remembered.
    private ApiKeyIdentity Describe(Organization organization, Row row) => new(
        row.Id,
        row.OwnerId,
        row.CreatedBy,
        row.Scopes.Where(Permissions.OfKeys.Contains).Where(scope => row.OwnerId is null || organization.PermissionsOf(row.OwnerRole).Contains(scope)).ToFrozenSet(StringComparer.Ordinal),
        [.. row.AllowedNetworks.Select(network => IPNetwork.Parse(network))],
        row.RateLimit ?? options.Value.RateLimit,
        row.PreviousUntil is { } until && until < row.ExpiresAt ? until : row.ExpiresAt);
}

/// <summary>Guessing: somebody tries one key after the other.</summary>
/// <param name="limit">How many may be wrong.</param>
/// <param name="wait">For how long nothing more is looked up for this address.</param>
internal sealed class TooManyUnknownKeysException(int limit, TimeSpan wait) : Exception("Too many different API keys that are none came from this address.")
{
    public int Limit => limit;

    public TimeSpan Wait => wait;
}
