using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.EntityFrameworkCore.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Organizations;

/// <summary>The catalogue as requests read it: from memory, refreshed when a node hears that an organization changed.</summary>
/// <remarks>
/// An identifier or id that nobody has is not remembered, or a flood of made-up ones would fill the memory; checks of
/// their shape keep most of them from the database.
/// </remarks>
public sealed class CachedOrganizationStore(
    IDbContextFactory<PlatformDbContext> platform, HybridCache cache, ClusterSignals signals, IOptions<TenancyOptions> options) : IMultiTenantStore<Organization>
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
        return OrganizationIdentifier.Refusal(normalized) is null
            ? await RememberAsync($"organization:identifier:{normalized}", normalized, static (db, identifier) => In(db).GetByIdentifierAsync(identifier))
            : null;
    }

    /// <inheritdoc/>
    public Task<Organization?> GetAsync(string id) => RememberAsync($"organization:id:{id}", id, static (db, id) => In(db).GetAsync(id));

    /// <summary>The organization that has shown that this host, in lower case, is its own.</summary>
    public async Task<Organization?> GetByDomainAsync(string host) => EmailDomain.Parse(host) == host
        ? await RememberAsync(
            $"organization:domain:{host}", host,
            static (db, host) => db.Organizations
                .FromSql($"SELECT o.* FROM platform.organizations o JOIN platform.domains d ON d.organization_id = o.id WHERE d.domain = {host} AND d.verified_at IS NOT NULL")
                .AsNoTracking().SingleOrDefaultAsync())
        : null;

    /// <summary>Forgets every organization.</summary>
    public ValueTask ForgetAsync() => cache.RemoveByTagAsync(Tag);

    /// <summary>
    /// Makes every node read an organization anew, and with it whatever a node remembers together with the instance that
    /// it had: here at once, elsewhere as fast as NOTIFY, and within a second where that is lost (SEC-24).
    /// </summary>
    public async Task TouchAsync(Guid organization, CancellationToken cancellationToken)
    {
        await using (var db = await platform.CreateDbContextAsync(cancellationToken))
        {
            await db.Database.ExecuteSqlAsync($"UPDATE platform.organizations SET changed_at = clock_timestamp() WHERE id = {organization}", cancellationToken);
        }

        await ForgetAsync();
        await signals.OrganizationChangedAsync(organization, cancellationToken);
    }

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
            WHERE changed_at > (SELECT max(changed_at) FROM platform.organizations) - interval '10 minutes'
            """).ToListAsync(cancellationToken))[0];
        if (latest != seen)
        {
            seen = latest;
            await ForgetAsync();
        }
    }

    /// <inheritdoc/>
    public async Task<IEnumerable<Organization>> GetAllAsync() => await InContextAsync(db => In(db).GetAllAsync());

    /// <inheritdoc/>
    public async Task<IEnumerable<Organization>> GetAllAsync(int take, int skip) => await InContextAsync(db => In(db).GetAllAsync(take, skip));

    /// <summary>Not to be had here: an organization comes through <see cref="ProvisionOrganization"/>, which makes its schema.</summary>
    public Task<bool> AddAsync(Organization tenantInfo) => Task.FromResult(false);

    /// <summary>Not to be had here: cached instances are shared, and an organization changes by its own methods.</summary>
    public Task<bool> UpdateAsync(Organization tenantInfo) => Task.FromResult(false);

    /// <summary>Not to be had here: an organization leaves through <see cref="RemoveOrganization"/>, which takes its schema along.</summary>
    public Task<bool> RemoveAsync(string identifier) => Task.FromResult(false);

    private const string Tag = "organizations";

    private async Task<Organization?> RememberAsync(
        string key, string name, Func<PlatformDbContext, string, Task<Organization?>> find)
    {
        var found = await cache.GetOrCreateAsync(
            key,
            (Store: this, name, find),
            static async (state, _) => await state.Store.InContextAsync(db => state.find(db, state.name)),
            lifetime,
            [Tag]);
        // What is being set up is something else in a moment.
        if (found is null or { Status: OrganizationStatus.Provisioning })
        {
            await cache.RemoveAsync(key);
        }

        return found;
    }

    private static EFCoreStore<PlatformDbContext, Organization> In(PlatformDbContext db) => new(db);

    private async Task<T> InContextAsync<T>(Func<PlatformDbContext, Task<T>> work)
    {
        await using var db = await platform.CreateDbContextAsync();
        return await work(db);
    }
}
