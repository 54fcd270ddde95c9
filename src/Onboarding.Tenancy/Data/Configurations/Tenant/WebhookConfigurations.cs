using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class WebhookEndpointConfiguration : IEntityTypeConfiguration<WebhookEndpoint>
{
    public void Configure(EntityTypeBuilder<WebhookEndpoint> builder)
    {
        builder.ToTable("webhook_endpoints");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Url).HasMaxLength(2000);
        builder.Property(e => e.Description).HasMaxLength(200);
        builder.Ignore(e => e.Settings);
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class WebhookMessageConfiguration : IEntityTypeConfiguration<WebhookMessage>
{
    public void Configure(EntityTypeBuilder<WebhookMessage> builder)
    {
        builder.ToTable("webhook_messages");
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.Property(m => m.Type).HasMaxLength(64);
        builder.HasIndex(m => new { m.Type, m.Id }, "ix_webhook_messages_type");
    }
}

internal sealed class WebhookDeliveryConfiguration : IEntityTypeConfiguration<WebhookDelivery>
{
    public void Configure(EntityTypeBuilder<WebhookDelivery> builder)
    {
        builder.ToTable("webhook_deliveries");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.LastError).HasMaxLength(200);
        builder.HasOne<WebhookMessage>().WithMany().HasForeignKey(d => d.MessageId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<WebhookEndpoint>().WithMany().HasForeignKey(d => d.EndpointId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(d => new { d.MessageId, d.EndpointId }, "ux_webhook_deliveries_message").IsUnique();
        builder.HasIndex(d => new { d.EndpointId, d.Id }, "ix_webhook_deliveries_endpoint");

        // What is waiting, by time and by the order of events; and what failed, for whoever recovers it.
        builder.HasIndex(d => new { d.EndpointId, d.NextAttemptAt }, "ix_webhook_deliveries_due").HasFilter("status = 'pending'");
        builder.HasIndex(d => new { d.EndpointId, d.MessageId }, "ix_webhook_deliveries_order").HasFilter("status = 'pending'");
        builder.HasIndex(d => new { d.EndpointId, d.CreatedAt }, "ix_webhook_deliveries_failed").HasFilter("status = 'failed'");
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

/// <summary>The table is made by hand in its migration, because EF knows no partitions; this is how it is read.</summary>
internal sealed class WebhookAttemptConfiguration : IEntityTypeConfiguration<WebhookAttempt>
{
    public void Configure(EntityTypeBuilder<WebhookAttempt> builder)
    {
        builder.ToTable("webhook_attempts", table => table.ExcludeFromMigrations());
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.Error).HasMaxLength(200);
    }
}
