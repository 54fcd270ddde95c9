using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class MemberConfiguration : IEntityTypeConfiguration<Member>
{
    /// <summary>One row an address while its registration is open, or closed for good (ONB-2, ONB-4).</summary>
    public const string OpenEmailIndex = "ux_members_open_email";

    /// <summary>A user name is taken from the moment its address is proven (ONB-5).</summary>
    public const string UserNameIndex = "ux_members_user_name";

    /// <summary>A role that somebody holds cannot be deleted, and one that was deleted cannot be given.</summary>
    public const string RoleKey = "fk_members_role";

    public void Configure(EntityTypeBuilder<Member> builder)
    {
        builder.ToTable("members");
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.Property(m => m.UserName).HasMaxLength(64);
        builder.Property(m => m.NormalizedUserName).HasMaxLength(128);
        builder.Property(m => m.Email).HasMaxLength(254);
        builder.Property(m => m.NormalizedEmail).HasMaxLength(512);
        builder.Property(m => m.FullName).HasMaxLength(200);
        builder.Property(m => m.Role).HasMaxLength(64);
        builder.Property(m => m.PendingEmail).HasMaxLength(254);
        builder.HasOne<Role>().WithMany().HasForeignKey(m => m.Role).HasConstraintName(RoleKey).OnDelete(DeleteBehavior.Restrict);
        builder.Property(m => m.DecisionReason).HasMaxLength(500);
        builder.Property(m => m.Version).HasColumnName("xmin").IsRowVersion();
        builder.Ignore(m => m.PhoneNumber);
        builder.Ignore(m => m.PhoneNumberConfirmed);

        // Version takes its place.
        builder.Property(m => m.ConcurrencyStamp).IsConcurrencyToken(false);

        // Identity's own indexes do not know registrations that come and go.
        foreach (var index in builder.Metadata.GetIndexes().ToList())
        {
            builder.Metadata.RemoveIndex(index);
        }

        builder.HasIndex(m => m.NormalizedEmail, OpenEmailIndex).IsUnique()
            .HasFilter("status NOT IN ('rejected', 'expired', 'removed')");
        builder.HasIndex(m => m.NormalizedUserName, UserNameIndex).IsUnique()
            .HasFilter("status IN ('pending_approval', 'approved', 'active', 'suspended')");
        builder.HasIndex(m => m.NormalizedEmail, "ix_members_email");
        builder.HasIndex(m => m.Role, "ix_members_role");
        builder.HasIndex(m => new { m.Status, m.VerifiedAt, m.Id }, "ix_members_queue");
    }
}

internal sealed class MemberClaimConfiguration : IEntityTypeConfiguration<IdentityUserClaim<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserClaim<Guid>> builder) => builder.ToTable("member_claims");
}

internal sealed class MemberLoginConfiguration : IEntityTypeConfiguration<IdentityUserLogin<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserLogin<Guid>> builder) => builder.ToTable("member_logins");
}

internal sealed class MemberTokenConfiguration : IEntityTypeConfiguration<IdentityUserToken<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserToken<Guid>> builder) => builder.ToTable("member_tokens");
}

/// <summary>WebAuthn credentials, as Identity stores them.</summary>
internal sealed class PasskeyConfiguration : IEntityTypeConfiguration<IdentityUserPasskey<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserPasskey<Guid>> builder)
    {
        builder.ToTable("passkeys");
        builder.HasKey(p => p.CredentialId);
        builder.Property(p => p.CredentialId).HasMaxLength(1024);
        builder.OwnsOne(p => p.Data).ToJson("data");
        builder.HasOne<Member>().WithMany().HasForeignKey(p => p.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
