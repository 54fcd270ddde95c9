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
        builder.Property(c => c.Purpose).HasMaxLength(32).HasDefaultValue(CodePurpose.VerifyEmail);
        builder.HasOne<Member>().WithMany().HasForeignKey(c => c.MemberId).OnDelete(DeleteBehavior.Cascade);

        // At most one code of a member is open for a purpose, however many requests race to make one (SEC-11).
        builder.HasIndex(c => new { c.MemberId, c.Purpose }, "ux_one_time_codes_open").IsUnique().HasFilter("closed_at IS NULL");
    }
}

internal sealed class PasswordLinkConfiguration : IEntityTypeConfiguration<PasswordLink>
{
    public void Configure(EntityTypeBuilder<PasswordLink> builder)
    {
        builder.ToTable("password_links");
        builder.Property(l => l.Id).ValueGeneratedNever();
        builder.Property(l => l.Purpose).HasMaxLength(32).HasDefaultValue(LinkPurpose.SetPassword);
        builder.HasOne<Member>().WithMany().HasForeignKey(l => l.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(l => l.TokenHash, "ux_password_links_token").IsUnique();
        builder.HasIndex(l => new { l.MemberId, l.Purpose }, "ux_password_links_open").IsUnique().HasFilter("used_at IS NULL AND superseded_at IS NULL");
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
        builder.Ignore(s => s.IsMultiFactor);
        builder.Ignore(s => s.ShowedSecondFactor);
        builder.PrimitiveCollection(s => s.Methods).HasColumnType("text[]").HasDefaultValueSql("'{pwd}'");
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

internal sealed class TotpConfiguration : IEntityTypeConfiguration<Totp>
{
    public void Configure(EntityTypeBuilder<Totp> builder)
    {
        builder.ToTable("totp");
        builder.HasKey(t => t.MemberId);
        builder.Property(t => t.MemberId).ValueGeneratedNever();
        builder.HasOne<Member>().WithMany().HasForeignKey(t => t.MemberId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class RecoveryCodeConfiguration : IEntityTypeConfiguration<RecoveryCode>
{
    public void Configure(EntityTypeBuilder<RecoveryCode> builder)
    {
        builder.ToTable("recovery_codes");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.HasOne<Member>().WithMany().HasForeignKey(c => c.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => new { c.MemberId, c.Hash }, "ux_recovery_codes_hash").IsUnique();
    }
}

internal sealed class SignInChallengeConfiguration : IEntityTypeConfiguration<SignInChallenge>
{
    public void Configure(EntityTypeBuilder<SignInChallenge> builder)
    {
        builder.ToTable("sign_in_challenges");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.Kind).HasMaxLength(32);
        builder.HasOne<Member>().WithMany().HasForeignKey(c => c.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => c.TokenHash, "ux_sign_in_challenges_token").IsUnique();
        builder.HasIndex(c => c.MemberId, "ix_sign_in_challenges_member");
        builder.HasIndex(c => c.ExpiresAt, "ix_sign_in_challenges_expires_at");
    }
}

internal sealed class RememberedDeviceConfiguration : IEntityTypeConfiguration<RememberedDevice>
{
    public void Configure(EntityTypeBuilder<RememberedDevice> builder)
    {
        builder.ToTable("remembered_devices");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.IpAddress).HasMaxLength(64);
        builder.Property(d => d.UserAgent).HasMaxLength(200);
        builder.HasOne<Member>().WithMany().HasForeignKey(d => d.MemberId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(d => d.TokenHash, "ux_remembered_devices_token").IsUnique();
        builder.HasIndex(d => d.MemberId, "ix_remembered_devices_member");
    }
}
