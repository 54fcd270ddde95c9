using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data.Configurations.Platform;

internal sealed class OrganizationConfiguration : IEntityTypeConfiguration<Organization>
{
    public const string IdentifierIndex = "ux_organizations_identifier";

    public void Configure(EntityTypeBuilder<Organization> builder)
    {
        builder.ToTable("organizations");

        // The setter also derives the key and the schema's name.
        builder.Property(o => o.Id).HasConversion<Guid>().UsePropertyAccessMode(PropertyAccessMode.Property).ValueGeneratedNever();
        builder.Ignore(o => o.Key);
        builder.Ignore(o => o.Schema);
        builder.Ignore(o => o.SecretScope);
        builder.Property<Guid?>("secretScope");
        builder.Property(o => o.Identifier).HasMaxLength(40);

        // By PostgreSQL, so that it is there whichever version of this program adds a row.
        builder.Property(o => o.LookAlikeKey).HasMaxLength(80).HasComputedColumnSql(OrganizationIdentifier.LookAlikeKeySql, stored: true);
        builder.Property(o => o.Name).HasMaxLength(200);
        builder.Property(o => o.AccentColor).HasMaxLength(7);
        builder.Property(o => o.Plan).HasMaxLength(64);
        builder.Property(o => o.Settings).HasColumnType("jsonb").HasDefaultValueSql("'{}'")
            .HasConversion(settings => settings.ToJson(), json => PublishedSettings.FromJson(json), new ValueComparer<PublishedSettings>(favorStructuralComparisons: false));
        builder.Property(o => o.Overrides).HasColumnType("jsonb").HasDefaultValueSql("'{}'")
            .HasConversion(overrides => overrides.ToJson(), json => PlanOverrides.FromJson(json), new ValueComparer<PlanOverrides>(favorStructuralComparisons: false));
        builder.Property(o => o.MigrationError).HasMaxLength(2000);
        foreach (var index in builder.Metadata.GetIndexes().ToList())
        {
            builder.Metadata.RemoveIndex(index);
        }

        builder.HasIndex(o => o.PurgeAt, "ix_organizations_purge_at").HasFilter("status = 'deleting'");
        builder.HasIndex(o => o.Identifier, IdentifierIndex).IsUnique();
        builder.HasIndex(o => o.LookAlikeKey, "ix_organizations_look_alike_key");
        builder.HasIndex(o => o.ChangedAt, "ix_organizations_changed_at");
        builder.HasIndex(o => new { o.SchemaVersion, o.Id }, "ix_organizations_schema_version");
    }
}

internal sealed class WorkItemConfiguration : IEntityTypeConfiguration<WorkItem>
{
    public void Configure(EntityTypeBuilder<WorkItem> builder)
    {
        builder.ToTable("work");
        builder.Property(w => w.Id).ValueGeneratedNever();
        builder.Property(w => w.Kind).HasMaxLength(16);
        builder.HasIndex(w => new { w.Kind, w.DueAt }, "ix_work_due");

        // One pointer to an endpoint: whoever claims it is the only one that sends there. A copy of an organization has endpoints of the same ids.
        builder.HasIndex(w => new { w.RefId, w.OrganizationId }, "ux_work_endpoint").IsUnique().HasFilter($"kind = '{WorkKinds.Endpoint}'");
        builder.HasIndex(w => w.RefId, "ux_work_billing").IsUnique().HasFilter($"kind = '{WorkKinds.Billing}'");
        builder.HasIndex(w => w.OrganizationId, "ix_work_organization_id");
    }
}

internal sealed class SigningKeyConfiguration : IEntityTypeConfiguration<SigningKey>
{
    public void Configure(EntityTypeBuilder<SigningKey> builder)
    {
        builder.ToTable("signing_keys");
        builder.Property(k => k.Id).HasMaxLength(64).ValueGeneratedNever();
    }
}

internal sealed class RevocationConfiguration : IEntityTypeConfiguration<Revocation>
{
    public void Configure(EntityTypeBuilder<Revocation> builder)
    {
        builder.ToTable("revocations");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.HasIndex(r => r.RevokedAt, "ix_revocations_revoked_at");
    }
}

internal sealed class SuperAdminConfiguration : IEntityTypeConfiguration<SuperAdmin>
{
    public void Configure(EntityTypeBuilder<SuperAdmin> builder)
    {
        builder.ToTable("super_admins");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.UserName).HasMaxLength(64);
        builder.Property(a => a.NormalizedUserName).HasMaxLength(128);
        builder.HasIndex(a => a.NormalizedUserName, "ux_super_admins_user_name").IsUnique();
    }
}

internal sealed class SuperAdminSessionConfiguration : IEntityTypeConfiguration<SuperAdminSession>
{
    public void Configure(EntityTypeBuilder<SuperAdminSession> builder)
    {
        builder.ToTable("super_admin_sessions");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.IpAddress).HasMaxLength(64);
        builder.HasOne<SuperAdmin>().WithMany().HasForeignKey(s => s.SuperAdminId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(s => s.ExpiresAt, "ix_super_admin_sessions_expires_at");
    }
}

internal sealed class PlatformAuditEntryConfiguration : IEntityTypeConfiguration<PlatformAuditEntry>
{
    public void Configure(EntityTypeBuilder<PlatformAuditEntry> builder)
    {
        builder.ToTable(AuditSealing.LogTable);
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Action).HasMaxLength(64);
        builder.Property(e => e.ActorKind).HasMaxLength(32);
        builder.Property(e => e.Note).HasMaxLength(500);
        builder.Property(e => e.IpAddress).HasMaxLength(64);
        builder.Property(e => e.RequestId).HasMaxLength(64);
        builder.HasIndex(e => new { e.OrganizationId, e.Id }, "ix_audit_log_organization");
        builder.HasIndex(e => new { e.ActorId, e.Id }, "ix_audit_log_actor");
        builder.HasIndex(e => new { e.Action, e.Id }, "ix_audit_log_action");
    }
}

internal sealed class PlatformAuditSealConfiguration : IEntityTypeConfiguration<AuditSeal>
{
    public void Configure(EntityTypeBuilder<AuditSeal> builder)
    {
        builder.ToTable(AuditSealing.SealTable);
        builder.HasKey(s => new { s.Lane, s.Sequence });
        builder.Property(s => s.Sequence).ValueGeneratedNever();
        builder.HasIndex(s => s.EntryId, "ux_audit_seals_entry").IsUnique();
    }
}
