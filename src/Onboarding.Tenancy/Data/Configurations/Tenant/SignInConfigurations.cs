using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class OneTimeCodeConfiguration : IEntityTypeConfiguration<OneTimeCode>
{
    public void Configure(EntityTypeBuilder<OneTimeCode> builder)
    {
        builder.ToTable("one_time_codes");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.HasOne<Member>().WithMany().HasForeignKey(c => c.MemberId).OnDelete(DeleteBehavior.Cascade);

        // At most one code of a member is open, however many requests race to make one (SEC-11).
        builder.HasIndex(c => c.MemberId, "ux_one_time_codes_open").IsUnique().HasFilter("closed_at IS NULL");
    }
}

internal sealed class SetPasswordLinkConfiguration : IEntityTypeConfiguration<SetPasswordLink>
{
    public void Configure(EntityTypeBuilder<SetPasswordLink> builder)
    {
        builder.ToTable("set_password_links");
        builder.Property(l => l.Id).ValueGeneratedNever();
        builder.HasOne<Member>().WithMany().HasForeignKey(l => l.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(l => l.TokenHash, "ux_set_password_links_token").IsUnique();
        builder.HasIndex(l => l.MemberId, "ux_set_password_links_open").IsUnique().HasFilter("used_at IS NULL AND superseded_at IS NULL");
    }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.IpAddress).HasMaxLength(64);
        builder.Property(s => s.UserAgent).HasMaxLength(200);
        builder.Property(s => s.EndReason).HasMaxLength(32);
        builder.HasOne<Member>().WithMany().HasForeignKey(s => s.MemberId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class RefreshTokenConfiguration : IEntityTypeConfiguration<RefreshToken>
{
    public void Configure(EntityTypeBuilder<RefreshToken> builder)
    {
        builder.ToTable("refresh_tokens");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.HasOne<Session>().WithMany().HasForeignKey(t => t.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(t => t.TokenHash, "ux_refresh_tokens_token").IsUnique();
        builder.HasIndex(t => t.PredecessorId, "ix_refresh_tokens_predecessor");
    }
}
