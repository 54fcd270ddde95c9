using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Billing.Data;

internal sealed class CustomerConfiguration : IEntityTypeConfiguration<Customer>
{
    public void Configure(EntityTypeBuilder<Customer> builder)
    {
        builder.ToTable("customers");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.Provider).HasMaxLength(16);
        builder.Property(c => c.ExternalId).HasMaxLength(255);
        builder.Property(c => c.LastError).HasMaxLength(500);
        builder.Property(c => c.Anomaly).HasMaxLength(500);
        builder.HasIndex(c => new { c.Provider, c.ExternalId }, "ux_customers_external_id").IsUnique();
        builder.HasIndex(c => new { c.OrganizationId, c.Provider }, "ux_customers_organization_id").IsUnique().HasFilter("deleted_at IS NULL");
        builder.HasIndex(c => c.OrganizationId, "ix_customers_organization_id");
    }
}

internal sealed class SubscriptionConfiguration : IEntityTypeConfiguration<Subscription>
{
    public void Configure(EntityTypeBuilder<Subscription> builder)
    {
        builder.ToTable("subscriptions");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.ExternalId).HasMaxLength(255);
        builder.Property(s => s.Plan).HasMaxLength(64);
        builder.Property(s => s.LookupKey).HasMaxLength(200);
        builder.Property(s => s.ItemId).HasMaxLength(255);
        builder.Property(s => s.Raw).HasColumnType("text");
        builder.HasOne<Customer>().WithMany().HasForeignKey(s => s.CustomerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(s => new { s.CustomerId, s.ExternalId }, "ux_subscriptions_external_id").IsUnique();
    }
}

internal sealed class InvoiceConfiguration : IEntityTypeConfiguration<Invoice>
{
    public void Configure(EntityTypeBuilder<Invoice> builder)
    {
        builder.ToTable("invoices");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.ExternalId).HasMaxLength(255);
        builder.Property(i => i.SubscriptionExternalId).HasMaxLength(255);
        builder.Property(i => i.Number).HasMaxLength(100);
        builder.Property(i => i.Status).HasMaxLength(32);
        builder.Property(i => i.Currency).HasMaxLength(3);
        builder.Ignore(i => i.HasFailed);
        builder.HasOne<Customer>().WithMany().HasForeignKey(i => i.CustomerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(i => new { i.CustomerId, i.ExternalId }, "ux_invoices_external_id").IsUnique();
        builder.HasIndex(i => new { i.CustomerId, i.CreatedAt, i.Id }, "ix_invoices_created_at");
    }
}

internal sealed class TrialConfiguration : IEntityTypeConfiguration<Trial>
{
    public void Configure(EntityTypeBuilder<Trial> builder)
    {
        builder.ToTable("trials");
        builder.HasKey(t => t.OrganizationId);
        builder.Property(t => t.OrganizationId).ValueGeneratedNever();
    }
}

internal sealed class CheckoutConfiguration : IEntityTypeConfiguration<Checkout>
{
    public void Configure(EntityTypeBuilder<Checkout> builder)
    {
        builder.ToTable("checkouts");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.LookupKey).HasMaxLength(200);
        builder.Property(c => c.ExternalId).HasMaxLength(255);
        builder.Property(c => c.Url).HasMaxLength(4000);
        builder.HasOne<Customer>().WithMany().HasForeignKey(c => c.CustomerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => c.OrganizationId, "ux_checkouts_open").IsUnique().HasFilter("closed_at IS NULL");
        builder.HasIndex(c => new { c.OrganizationId, c.ExternalId }, "ix_checkouts_organization_id");
    }
}

internal sealed class CallbackConfiguration : IEntityTypeConfiguration<Callback>
{
    public void Configure(EntityTypeBuilder<Callback> builder)
    {
        builder.ToTable("callbacks");
        builder.HasKey(c => new { c.Provider, c.EventId });
        builder.Property(c => c.Provider).HasMaxLength(16);
        builder.Property(c => c.EventId).HasMaxLength(255);
        builder.Property(c => c.Type).HasMaxLength(255);
        builder.Property(c => c.CustomerExternalId).HasMaxLength(255);
        builder.Property(c => c.ApiVersion).HasMaxLength(64);
        builder.HasOne<Customer>().WithMany().HasForeignKey(c => c.CustomerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => new { c.CustomerId, c.State }, "ix_callbacks_customer_id");
        builder.HasIndex(c => new { c.Provider, c.CustomerExternalId }, "ix_callbacks_unmatched").HasFilter("state = 'unmatched'");
        builder.HasIndex(c => new { c.ReceivedAt, c.EventId }, "ix_callbacks_received_at");
    }
}
