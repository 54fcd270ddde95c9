using Microsoft.EntityFrameworkCore;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Billing.Data;

/// <summary>What is known of subscriptions, in schema <c>billing</c>. Every row says whose it is; organizations' own schemas hold nothing of it.</summary>
public sealed class BillingDbContext(DbContextOptions<BillingDbContext> options) : DbContext(options)
{
    /// <summary>Name of its schema.</summary>
    public const string Schema = "billing";

    /// <summary>Organizations as providers know them.</summary>
    public DbSet<Customer> Customers => Set<Customer>();

    /// <summary>Their subscriptions.</summary>
    public DbSet<Subscription> Subscriptions => Set<Subscription>();

    /// <summary>Their invoices.</summary>
    public DbSet<Invoice> Invoices => Set<Invoice>();

    /// <summary>Who has had a trial.</summary>
    public DbSet<Trial> Trials => Set<Trial>();

    /// <summary>Ways to the provider's checkout.</summary>
    public DbSet<Checkout> Checkouts => Set<Checkout>();

    /// <summary>The inbox.</summary>
    public DbSet<Callback> Callbacks => Set<Callback>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(BillingDbContext).Assembly);
        SnakeCase.Apply(modelBuilder);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        SnakeCase.Text<SubscriptionStatus>(configurationBuilder);
        SnakeCase.Text<CallbackState>(configurationBuilder);
    }
}
