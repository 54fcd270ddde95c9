using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Billing.Data;

/// <summary>Brings schema <c>billing</c> up to date, with the platform's.</summary>
internal sealed class BillingSchema : ISharedSchema
{
    public string Name => BillingDbContext.Schema;

    public async Task MigrateAsync(NpgsqlDataSource owner, CancellationToken cancellationToken)
    {
        await using var db = new BillingDbContext(Options(owner));
        await db.Database.MigrateAsync(cancellationToken);
    }

    internal static DbContextOptions<BillingDbContext> Options(NpgsqlDataSource dataSource) =>
        new DbContextOptionsBuilder<BillingDbContext>().UseNpgsql(dataSource, npgsql => npgsql.MigrationsHistoryTable("migrations", BillingDbContext.Schema)).Options;
}

/// <summary>Lets <c>./dev migration NAME --billing</c> build the model without a database.</summary>
internal sealed class BillingDesignTime : IDesignTimeDbContextFactory<BillingDbContext>
{
    public BillingDbContext CreateDbContext(string[] args) => new(BillingSchema.Options(NpgsqlDataSource.Create("Host=design-time")));
}
