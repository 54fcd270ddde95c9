using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class ApiKeyConfiguration : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder)
    {
        builder.ToTable("api_keys");
        builder.Property(k => k.Id).ValueGeneratedNever();
        builder.Property(k => k.Name).HasMaxLength(100);
        builder.Property(k => k.Hint).HasMaxLength(4);
        builder.PrimitiveCollection(k => k.Scopes).HasColumnType("text[]");
        builder.PrimitiveCollection(k => k.AllowedNetworks).HasColumnType("text[]");
        builder.Property(k => k.Version).HasColumnName("xmin").IsRowVersion();
        builder.HasOne<Member>().WithMany().HasForeignKey(k => k.OwnerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(k => k.SecretHash, "ux_api_keys_secret").IsUnique();
        builder.HasIndex(k => k.PreviousHash, "ux_api_keys_previous").IsUnique();
        builder.HasIndex(k => k.OwnerId, "ix_api_keys_owner");
    }
}

internal sealed class ApiKeyUsageConfiguration : IEntityTypeConfiguration<ApiKeyUsage>
{
    public void Configure(EntityTypeBuilder<ApiKeyUsage> builder)
    {
        builder.ToTable("api_key_usage");
        builder.HasKey(u => new { u.KeyId, u.Day });
        builder.HasOne<ApiKey>().WithMany().HasForeignKey(u => u.KeyId).OnDelete(DeleteBehavior.Cascade);
    }
}
