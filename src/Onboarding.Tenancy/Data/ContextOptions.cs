using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Data;

/// <summary>How each context reaches PostgreSQL.</summary>
public static class ContextOptions
{
    // The names of EF's history tables; a tenant's version stands in the catalogue instead.
    private const string History = "migrations";

    /// <summary>Repeats a unit of work once where that is worth it, for a context of another part of the product.</summary>
    public static NpgsqlDbContextOptionsBuilder RetryOnce(this NpgsqlDbContextOptionsBuilder options, IServiceProvider provider) =>
        options.ExecutionStrategy(dependencies => new RetryOnceStrategy(dependencies, provider.GetRequiredService<NpgsqlDataSource>()));

    /// <summary>Counts the connections of a context against the share of the organization whose request it serves (FAULT-20).</summary>
    public static DbContextOptionsBuilder UseShares(this DbContextOptionsBuilder options, IServiceProvider provider) =>
        options.AddInterceptors(provider.GetRequiredService<ShareInterceptor>());

    internal static DbContextOptionsBuilder UseTenant(this DbContextOptionsBuilder options, NpgsqlDataSource dataSource) =>
        options.UseNpgsql(dataSource, npgsql => npgsql
            .ExecutionStrategy(dependencies => new RetryOnceStrategy(dependencies, dataSource)));

    internal static DbContextOptionsBuilder UsePlatform(this DbContextOptionsBuilder options, IServiceProvider provider)
    {
        var dataSource = provider.GetRequiredService<NpgsqlDataSource>();
        return options.UseShares(provider).AddInterceptors(provider.GetRequiredService<TransactionInterceptor>()).UseNpgsql(dataSource, npgsql => npgsql
            .MigrationsHistoryTable(History, PlatformDbContext.Schema)
            .ExecutionStrategy(dependencies => new RetryOnceStrategy(dependencies, dataSource)));
    }

    internal static DbContextOptionsBuilder<PlatformDbContext> UseOwner(this DbContextOptionsBuilder<PlatformDbContext> options, NpgsqlDataSource owner) =>
        options.UseNpgsql(owner, npgsql => npgsql.MigrationsHistoryTable(History, PlatformDbContext.Schema));
}
