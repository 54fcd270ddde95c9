using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Data.Configurations.Tenant;

internal sealed class RoleConfiguration : IEntityTypeConfiguration<Role>
{
    public const string Key = "pk_roles";

    public void Configure(EntityTypeBuilder<Role> builder)
    {
        builder.ToTable("roles");
        builder.HasKey(r => r.Name).HasName(Key);
        builder.Property(r => r.Name).HasMaxLength(64).ValueGeneratedNever();
        builder.Property(r => r.Description).HasMaxLength(200);
        builder.PrimitiveCollection(r => r.Permissions).HasColumnType("text[]");
        var permissions = new List<string>();
        builder.HasData(
            new { Name = Roles.Admin, Description = "Holds every permission of the organization.", Permissions = permissions, IsBuiltIn = true, CreatedAt = DateTimeOffset.UnixEpoch },
            new { Name = Roles.User, Description = "A member without special rights.", Permissions = permissions, IsBuiltIn = true, CreatedAt = DateTimeOffset.UnixEpoch });
    }
}

internal sealed class InvitationConfiguration : IEntityTypeConfiguration<Invitation>
{
    public const string OpenIndex = "ux_invitations_open";

    public void Configure(EntityTypeBuilder<Invitation> builder)
    {
        builder.ToTable("invitations");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.Email).HasMaxLength(254);
        builder.Property(i => i.NormalizedEmail).HasMaxLength(512);
        builder.Property(i => i.Role).HasMaxLength(64);
        builder.Property(i => i.Version).HasColumnName("xmin").IsRowVersion();
        builder.Ignore(i => i.IsOpen);
        builder.HasOne<Member>().WithMany().HasForeignKey(i => i.MemberId).OnDelete(DeleteBehavior.SetNull);
        builder.HasIndex(i => i.NormalizedEmail, OpenIndex).IsUnique().HasFilter("accepted_at IS NULL AND revoked_at IS NULL");
        builder.HasIndex(i => i.TokenHash, "ux_invitations_token").IsUnique();
        builder.HasIndex(i => i.MemberId, "ix_invitations_member");
    }
}

internal sealed class ApprovalRuleConfiguration : IEntityTypeConfiguration<ApprovalRule>
{
    public const string DomainIndex = "ux_approval_rules_domain";

    public void Configure(EntityTypeBuilder<ApprovalRule> builder)
    {
        builder.ToTable("approval_rules");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.Domain).HasMaxLength(253);
        builder.Property(r => r.Role).HasMaxLength(64);
        builder.HasOne<Role>().WithMany().HasForeignKey(r => r.Role).HasConstraintName("fk_approval_rules_role").OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(r => r.Domain, DomainIndex).IsUnique();
        builder.HasIndex(r => r.Role, "ix_approval_rules_role");
    }
}

internal sealed class OrganizationSettingsConfiguration : IEntityTypeConfiguration<OrganizationSettings>
{
    public void Configure(EntityTypeBuilder<OrganizationSettings> builder)
    {
        builder.ToTable("settings", table => table.HasCheckConstraint("ck_settings_one_row", $"id = {OrganizationSettings.OnlyId}"));
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Name).HasMaxLength(200);
        builder.Property(s => s.LogoUrl).HasMaxLength(500);
        builder.Property(s => s.AccentColor).HasMaxLength(7);
        builder.Property(s => s.SignInMethods).HasMaxLength(200).HasConversion(
            methods => string.Join(' ', methods.Select(method => SnakeCase.Name(method.ToString()))),
            text => text.Split(' ', StringSplitOptions.None).Select(ReadMethod).ToList(),
            new ValueComparer<IReadOnlyList<SignInMethod>>((one, other) => one!.SequenceEqual(other!), methods => methods.Aggregate(0, (hash, method) => HashCode.Combine(hash, method)), methods => methods));
        builder.HasData(new { Id = OrganizationSettings.OnlyId, Revision = 0L, SignInMethods = new List<SignInMethod> { SignInMethod.Password, SignInMethod.Passkey } });
    }

    private static SignInMethod ReadMethod(string name) => Enum.GetValues<SignInMethod>().Single(method => SnakeCase.Name(method.ToString()) == name);
}
