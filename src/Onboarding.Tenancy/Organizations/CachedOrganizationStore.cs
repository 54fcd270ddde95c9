using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.EntityFrameworkCore.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>The catalogue as requests read it: from memory, refreshed when a node hears that an organization changed.</summary>
/// <remarks>
/// An identifier that nobody has is not remembered, or a flood of made-up names would fill the memory; the shape check
/// in front keeps most of them from the database.
/// </remarks>
public sealed class CachedOrganizationStore(
    IDbContextFactory<PlatformDbContext> platform, HybridCache cache, IOptions<TenancyOptions> options) : IMultiTenantStore<Organization>
{
    private readonly HybridCacheEntryOptions lifetime = new()
    {
        Expiration = options.Value.CacheLifetime,
        LocalCacheExpiration = options.Value.CacheLifetime,
        Flags = HybridCacheEntryFlags.DisableDistributedCache,
    };

    private decimal? seen;

    /// <inheritdoc/>
    public async Task<Organization?> GetByIdentifierAsync(string identifier)
    {
        var normalized = identifier.ToLowerInvariant();
        if (OrganizationIdentifier.Refusal(normalized) is not null)
        {
            return null;
        }

        var key = $"organization:identifier:{normalized}";
        var found = await cache.GetOrCreateAsync(
            key, (Store: this, normalized), static (state, _) => state.Store.LoadAsync(state.normalized), lifetime, [Tag]);
        if (found is null)
        {
            await cache.RemoveAsync(key);
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<Organization?> GetAsync(string id) => await cache.GetOrCreateAsync(
        $"organization:id:{id}", (Store: this, id), static (state, _) => state.Store.LoadByIdAsync(state.id), lifetime, [Tag]);

    /// <summary>Forgets every organization.</summary>
    public ValueTask ForgetAsync() => cache.RemoveByTagAsync(Tag);

    /// <summary>Forgets every organization when the catalogue has changed since the last call: a few indexed rows, however many there are.</summary>
    /// <remarks>
    /// The newest time alone would not do: a change can be committed after one that was stamped later, and clocks of two
    /// nodes differ. So everything stamped shortly before the newest counts too.
    /// </remarks>
    public async Task ForgetChangedAsync(CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var latest = (await db.Database.SqlQuery<decimal?>($"""
            SELECT sum(extract(epoch FROM changed_at)) AS "Value" FROM platform.organizations
            WHERE changed_at > (SELECT max(changed_at) FROM platform.organizations) - interval '15 seconds'
            """).ToListAsync(cancellationToken))[0];
        if (latest != seen)
        {
            seen = latest;
            await ForgetAsync();
        }
    }

    /// <inheritdoc/>
    public async Task<IEnumerable<Organization>> GetAllAsync() => await InStoreAsync(store => store.GetAllAsync());

    /// <inheritdoc/>
    public async Task<IEnumerable<Organization>> GetAllAsync(int take, int skip) => await InStoreAsync(store => store.GetAllAsync(take, skip));

    /// <inheritdoc/>
    public async Task<bool> AddAsync(Organization tenantInfo) => await InStoreAsync(store => store.AddAsync(tenantInfo));

    /// <inheritdoc/>
    public async Task<bool> UpdateAsync(Organization tenantInfo) => await InStoreAsync(store => store.UpdateAsync(tenantInfo));

    /// <summary>Not to be had here: an organization leaves through <see cref="RemoveOrganization"/>, which takes its schema along.</summary>
    public Task<bool> RemoveAsync(string identifier) => Task.FromResult(false);

    private const string Tag = "organizations";

    private async ValueTask<Organization?> LoadAsync(string identifier) => await InStoreAsync(store => store.GetByIdentifierAsync(identifier));

    private async ValueTask<Organization?> LoadByIdAsync(string id) => await InStoreAsync(store => store.GetAsync(id));

    private async Task<T> InStoreAsync<T>(Func<EFCoreStore<PlatformDbContext, Organization>, Task<T>> work)
    {
        await using var db = await platform.CreateDbContextAsync();
        return await work(new EFCoreStore<PlatformDbContext, Organization>(db));
    }
}
