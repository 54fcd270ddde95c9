using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        // Whoever may add a line could add one that nobody can read, and nobody may take it away again. Another kind of actor
        // is another constraint, in a migration that comes before whoever writes it.
        builder.ToTable(AuditSealing.LogTable, table =>
        {
            table.HasCheckConstraint("ck_audit_log_occurred_at", "occurred_at >= '1970-01-01 00:00:00+00' AND occurred_at < '10000-01-01 00:00:00+00'");
            table.HasCheckConstraint("ck_audit_log_actor_kind", $"actor_kind IN ({string.Join(", ", Enum.GetNames<ActorKind>().Select(kind => $"'{SnakeCase.Name(kind)}'"))})");
        });
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Action).HasMaxLength(64);
        builder.Property(e => e.ActorKind).HasMaxLength(32);
        builder.Property(e => e.Note).HasMaxLength(500);
        builder.Property(e => e.IpAddress).HasMaxLength(64);
        builder.Property(e => e.RequestId).HasMaxLength(64);
        builder.HasIndex(e => new { e.SubjectId, e.Id }, "ix_audit_log_subject");
        builder.HasIndex(e => new { e.ActorId, e.Id }, "ix_audit_log_actor");
        builder.HasIndex(e => new { e.Action, e.Id }, "ix_audit_log_action");
    }
}

internal sealed class AuditSealConfiguration : IEntityTypeConfiguration<AuditSeal>
{
    public void Configure(EntityTypeBuilder<AuditSeal> builder)
    {
        builder.ToTable(AuditSealing.SealTable);
        builder.HasKey(s => new { s.Lane, s.Sequence });
        builder.Property(s => s.Sequence).ValueGeneratedNever();
        builder.HasIndex(s => s.EntryId, "ux_audit_seals_entry").IsUnique();
    }
}

internal sealed class OutboxEventConfiguration : IEntityTypeConfiguration<OutboxEvent>
{
    public void Configure(EntityTypeBuilder<OutboxEvent> builder)
    {
        builder.ToTable("outbox");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Type).HasMaxLength(64);
        builder.Property(e => e.Payload).HasColumnType("jsonb");
    }
}

internal sealed class EmailMessageConfiguration : IEntityTypeConfiguration<EmailMessage>
{
    public const string EventIndex = "ux_emails_event";

    public void Configure(EntityTypeBuilder<EmailMessage> builder)
    {
        builder.ToTable("emails");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Template).HasMaxLength(64);
        builder.Property(e => e.LastError).HasMaxLength(500);
        builder.HasOne<Member>().WithMany().HasForeignKey(e => e.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Invitation>().WithMany().HasForeignKey(e => e.InvitationId).OnDelete(DeleteBehavior.Cascade);

        // Handled twice, an event composes each of its mails once (FAULT-2).
        builder.HasIndex(e => new { e.EventId, e.Template, e.MemberId }, EventIndex).IsUnique().AreNullsDistinct(false);
        builder.HasIndex(e => new { e.MemberId, e.Id }, "ix_emails_member");
        builder.HasIndex(e => new { e.InvitationId, e.Id }, "ix_emails_invitation");
        builder.HasIndex(e => e.Id, "ix_emails_failed").HasFilter("status = 'failed'");
    }
}

/// <summary>The pointers live in <c>platform</c>; a tenant's role may insert its own and nothing else (row-level security).</summary>
internal sealed class WorkItemConfiguration : IEntityTypeConfiguration<WorkItem>
{
    public void Configure(EntityTypeBuilder<WorkItem> builder)
    {
        builder.ToTable("work", PlatformDbContext.Schema, table => table.ExcludeFromMigrations());
        builder.Property(w => w.Id).ValueGeneratedNever();
    }
}

internal sealed class UsageCounterConfiguration : IEntityTypeConfiguration<UsageCounter>
{
    public void Configure(EntityTypeBuilder<UsageCounter> builder)
    {
        builder.ToTable("usage_counters");
        builder.HasKey(c => new { c.Name, c.Period });
        builder.Property(c => c.Name).HasMaxLength(32);
        builder.Property(c => c.Got);
    }
}
