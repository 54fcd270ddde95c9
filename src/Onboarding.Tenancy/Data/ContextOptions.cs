using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Data;

/// <summary>How each context reaches PostgreSQL.</summary>
internal static class ContextOptions
{
    // The names of EF's history tables; a tenant's version stands in the catalogue instead.
    private const string History = "migrations";

    public static DbContextOptionsBuilder UseTenant(this DbContextOptionsBuilder options, NpgsqlDataSource dataSource) =>
        options.UseNpgsql(dataSource, npgsql => npgsql
            .ExecutionStrategy(dependencies => new RetryOnceStrategy(dependencies, dataSource)));

    public static DbContextOptionsBuilder UsePlatform(this DbContextOptionsBuilder options, IServiceProvider provider)
    {
        var dataSource = provider.GetRequiredService<NpgsqlDataSource>();
        return options.UseNpgsql(dataSource, npgsql => npgsql
            .MigrationsHistoryTable(History, PlatformDbContext.Schema)
            .ExecutionStrategy(dependencies => new RetryOnceStrategy(dependencies, dataSource)));
    }

    public static DbContextOptionsBuilder<PlatformDbContext> UseOwner(this DbContextOptionsBuilder<PlatformDbContext> options, NpgsqlDataSource owner) =>
        options.UseNpgsql(owner, npgsql => npgsql.MigrationsHistoryTable(History, PlatformDbContext.Schema));
}
