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
            .HasFilter("status NOT IN ('rejected', 'expired')");
        builder.HasIndex(m => m.NormalizedUserName, UserNameIndex).IsUnique()
            .HasFilter("status IN ('pending_approval', 'approved', 'active', 'suspended')");
        builder.HasIndex(m => m.NormalizedEmail, "ix_members_email");
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
