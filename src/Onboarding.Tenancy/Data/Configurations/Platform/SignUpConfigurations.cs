using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Data.Configurations.Platform;

internal sealed class SignUpConfiguration : IEntityTypeConfiguration<SignUp>
{
    public void Configure(EntityTypeBuilder<SignUp> builder)
    {
        builder.ToTable("sign_ups");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Identifier).HasMaxLength(40);
        builder.Property(s => s.Name).HasMaxLength(200);
        builder.Property(s => s.UserName).HasMaxLength(64);
        builder.Property(s => s.Email).HasMaxLength(254);
        builder.Property(s => s.NormalizedEmail).HasMaxLength(512);
        builder.Property(s => s.FullName).HasMaxLength(200);

        // One that is open for an identifier and an address: the same again is the same row.
        builder.HasIndex(s => new { s.Identifier, s.NormalizedEmail }, "ux_sign_ups_open").IsUnique().HasFilter("organization_id IS NULL");
        builder.HasIndex(s => s.Identifier, "ix_sign_ups_identifier");
        builder.HasIndex(s => s.ExpiresAt, "ix_sign_ups_expires_at");
        builder.HasIndex(s => s.OrganizationId, "ix_sign_ups_organization_id");
    }
}

internal sealed class PlatformEmailConfiguration : IEntityTypeConfiguration<PlatformEmail>
{
    public void Configure(EntityTypeBuilder<PlatformEmail> builder)
    {
        builder.ToTable("emails");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Template).HasMaxLength(64);
        builder.HasIndex(e => e.DueAt, "ix_emails_due_at");
        builder.HasIndex(e => e.AboutId, "ix_emails_about_id");
    }
}

internal sealed class CustomDomainConfiguration : IEntityTypeConfiguration<CustomDomain>
{
    public void Configure(EntityTypeBuilder<CustomDomain> builder)
    {
        builder.ToTable("domains");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.Domain).HasMaxLength(253);
        builder.Property(d => d.Token).HasMaxLength(64);
        builder.Ignore(d => d.RecordName);
        builder.Ignore(d => d.RecordValue);

        // Whoever has not shown that it is theirs is in nobody's way.
        builder.HasIndex(d => d.Domain, "ux_domains_verified").IsUnique().HasFilter("verified_at IS NOT NULL");
        builder.HasIndex(d => new { d.OrganizationId, d.Domain }, "ux_domains_organization_domain").IsUnique();
    }
}
