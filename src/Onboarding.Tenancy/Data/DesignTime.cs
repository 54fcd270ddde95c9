using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>Lets <c>./dev migration NAME</c> build the tenants' model without a database.</summary>
internal sealed class TenantDesignTime : IDesignTimeDbContextFactory<TenantDbContext>
{
    public TenantDbContext CreateDbContext(string[] args) =>
        new((DbContextOptions<TenantDbContext>)new DbContextOptionsBuilder<TenantDbContext>().UseTenant(NpgsqlDataSource.Create("Host=design-time")).Options);
}

/// <summary>Lets <c>./dev migration NAME --platform</c> build the shared model without a database.</summary>
internal sealed class PlatformDesignTime : IDesignTimeDbContextFactory<PlatformDbContext>
{
    public PlatformDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PlatformDbContext>().UseOwner(NpgsqlDataSource.Create("Host=design-time")).Options);
}
