using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.EntityFrameworkCore.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Finbuckle.MultiTenant.EntityFrameworkCore.Stores
{
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

    /// <summary>Keeps tenants in a database; what it returns is never tracked.</summary>
    public class EFCoreStore<TEFCoreStoreDbContext, TTenantInfo> : IMultiTenantStore<TTenantInfo>
        where TEFCoreStoreDbContext : EFCoreStoreDbContext<TTenantInfo>
        where TTenantInfo : class, ITenantInfo
    {
        private readonly TEFCoreStoreDbContext _db;

        /// <summary>Uses <paramref name="dbContext"/>, and does not dispose it.</summary>
        public EFCoreStore(TEFCoreStoreDbContext dbContext)
        {
            ArgumentNullException.ThrowIfNull(dbContext);
            _db = dbContext;
        }

        /// <inheritdoc />
        public virtual Task<TTenantInfo?> GetAsync(string id) =>
            _db.TenantInfo.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id);

        /// <inheritdoc />
        public virtual Task<TTenantInfo?> GetByIdentifierAsync(string identifier) =>
            _db.TenantInfo.AsNoTracking().SingleOrDefaultAsync(t => t.Identifier == identifier);

        /// <inheritdoc />
        public virtual async Task<IEnumerable<TTenantInfo>> GetAllAsync() =>
            await _db.TenantInfo.AsNoTracking().ToListAsync().ConfigureAwait(false);

        /// <inheritdoc />
        public virtual async Task<IEnumerable<TTenantInfo>> GetAllAsync(int take, int skip) =>
            await _db.TenantInfo.AsNoTracking().Skip(skip).Take(take).ToListAsync().ConfigureAwait(false);

        /// <inheritdoc />
        public virtual Task<bool> AddAsync(TTenantInfo tenantInfo)
        {
            _db.TenantInfo.Add(tenantInfo);
            return SaveAndForgetAsync(tenantInfo);
        }

        /// <inheritdoc />
        public virtual Task<bool> UpdateAsync(TTenantInfo tenantInfo)
        {
            _db.TenantInfo.Update(tenantInfo);
            return SaveAndForgetAsync(tenantInfo);
        }

        /// <inheritdoc />
        public virtual async Task<bool> RemoveAsync(string identifier)
        {
            var tenant = await _db.TenantInfo.SingleOrDefaultAsync(t => t.Identifier == identifier).ConfigureAwait(false);
            if (tenant is null)
            {
                return false;
            }

            _db.TenantInfo.Remove(tenant);
            return await _db.SaveChangesAsync().ConfigureAwait(false) > 0;
        }

        private async Task<bool> SaveAndForgetAsync(TTenantInfo tenant)
        {
            var saved = await _db.SaveChangesAsync().ConfigureAwait(false) > 0;
            _db.Entry(tenant).State = EntityState.Detached;
            return saved;
        }
    }
}

namespace Finbuckle.MultiTenant.EntityFrameworkCore.Extensions
{
    /// <summary>Adds the database store.</summary>
    public static class MultiTenantBuilderExtensions
    {
        /// <summary>Adds an <see cref="EFCoreStore{TEFCoreStoreDbContext,TTenantInfo}"/>, scoped, and its context if missing.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithEFCoreStore<TEFCoreStoreDbContext, TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder)
            where TEFCoreStoreDbContext : EFCoreStoreDbContext<TTenantInfo>
            where TTenantInfo : class, ITenantInfo
        {
            builder.Services.AddDbContext<TEFCoreStoreDbContext>();
            return builder.WithStore<EFCoreStore<TEFCoreStoreDbContext, TTenantInfo>>(ServiceLifetime.Scoped);
        }
    }
}
