using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Billing.Data;

/// <summary>Brings schema <c>billing</c> up to date, with the platform's.</summary>
internal sealed class BillingSchema : ISharedSchema
{
    public string Name => BillingDbContext.Schema;

    /// <summary>A subscription that the provider goes on charging.</summary>
    public string Holds => """
        EXISTS (SELECT FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id
          WHERE c.organization_id = $1 AND c.deleted_at IS NULL AND s.status NOT IN ('canceled', 'incomplete_expired'))
        """;

    /// <summary>
    /// A checkout at which somebody can still pay: nobody would be left to hear of it. The hour is for the callback of who has
    /// paid at the last moment; a session of which nothing was heard lives a day. One that was paid has a subscription; the minute is
    /// for the provider's clock.
    /// </summary>
    public string Delays => """
        EXISTS (SELECT FROM billing.checkouts o WHERE o.organization_id = $1 AND o.closed_at IS NULL
          AND coalesce(o.expires_at, o.created_at + interval '1 day') + interval '1 hour' > now()
          AND NOT EXISTS (SELECT FROM billing.subscriptions s WHERE s.customer_id = o.customer_id AND s.created_at > o.created_at - interval '1 minute'))
        """;

    /// <summary>
    /// Customers, trials and checkouts go with the catalogue's row, and what is their customers'. Here are the callbacks that
    /// only name them: such as came before their customer was known, or were held back because they named two.
    /// </summary>
    public string Forget => """
        DELETE FROM billing.callbacks WHERE body LIKE '%' || $1::text || '%'
          OR (provider, customer_external_id) IN (SELECT provider, external_id FROM billing.customers WHERE organization_id = $1)
          OR customer_id IS NULL AND EXISTS (SELECT FROM billing.customers c WHERE c.organization_id = $1 AND strpos(callbacks.body, c.external_id) > 0)
        """;

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
