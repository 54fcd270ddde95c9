using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;

namespace Finbuckle.MultiTenant.EntityFrameworkCore.Stores;

/// <summary>The catalogue of tenants: keyed by id, identifiers unique.</summary>
public class EFCoreStoreDbContext<TTenantInfo>(DbContextOptions options) : DbContext(options)
    where TTenantInfo : class, ITenantInfo
{
    /// <summary>The tenants.</summary>
    public DbSet<TTenantInfo> TenantInfo => Set<TTenantInfo>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var tenant = modelBuilder.Entity<TTenantInfo>();
        tenant.HasKey(t => t.Id);
        tenant.HasIndex(t => t.Identifier).IsUnique();
    }
}

/// <summary>Reads tenants from a database; what it returns is never tracked. Does not dispose <paramref name="dbContext"/>.</summary>
public class EFCoreStore<TEFCoreStoreDbContext, TTenantInfo>(TEFCoreStoreDbContext dbContext)
    where TEFCoreStoreDbContext : EFCoreStoreDbContext<TTenantInfo>
    where TTenantInfo : class, ITenantInfo
{
    /// <summary>The tenant with this id, or null.</summary>
    public Task<TTenantInfo?> GetAsync(string id) => dbContext.TenantInfo.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id);

    /// <summary>The tenant with this identifier, or null.</summary>
    public Task<TTenantInfo?> GetByIdentifierAsync(string identifier) =>
        dbContext.TenantInfo.AsNoTracking().SingleOrDefaultAsync(t => t.Identifier == identifier);

    /// <summary>Every tenant.</summary>
    public async Task<IEnumerable<TTenantInfo>> GetAllAsync() => await dbContext.TenantInfo.AsNoTracking().ToListAsync().ConfigureAwait(false);

    /// <summary>One page of tenants, in no promised order.</summary>
    public async Task<IEnumerable<TTenantInfo>> GetAllAsync(int take, int skip) =>
        await dbContext.TenantInfo.AsNoTracking().Skip(skip).Take(take).ToListAsync().ConfigureAwait(false);
}
