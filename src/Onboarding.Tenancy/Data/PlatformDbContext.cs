using Finbuckle.MultiTenant.EntityFrameworkCore.Stores;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data;

/// <summary>What all organizations share, in schema <c>platform</c>: the catalogue, the work queue, keys.</summary>
public sealed class PlatformDbContext(DbContextOptions<PlatformDbContext> options)
    : EFCoreStoreDbContext<Organization>(options), IDataProtectionKeyContext
{
    /// <summary>Name of its schema; every statement qualifies it, because connections start with no search path.</summary>
    public const string Schema = "platform";

    /// <summary>The catalogue.</summary>
    public DbSet<Organization> Organizations => Set<Organization>();

    /// <summary>Pointers to what is due in the organizations' schemas.</summary>
    public DbSet<WorkItem> Work => Set<WorkItem>();

    /// <summary>Organizations that somebody wants.</summary>
    public DbSet<SignUp> SignUps => Set<SignUp>();

    /// <summary>Mails that belong to no organization.</summary>
    public DbSet<PlatformEmail> Emails => Set<PlatformEmail>();

    /// <summary>Hosts of their own that organizations have, or want.</summary>
    public DbSet<CustomDomain> Domains => Set<CustomDomain>();

    /// <summary>Keys that sign access tokens.</summary>
    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    /// <summary>Access tokens to refuse before their time.</summary>
    public DbSet<Revocation> Revocations => Set<Revocation>();

    /// <summary>People who run the platform.</summary>
    public DbSet<SuperAdmin> SuperAdmins => Set<SuperAdmin>();

    /// <summary>Their sign-ins.</summary>
    public DbSet<SuperAdminSession> SuperAdminSessions => Set<SuperAdminSession>();

    /// <summary>What was done to organizations from outside them, append-only.</summary>
    public DbSet<PlatformAuditEntry> AuditLog => Set<PlatformAuditEntry>();

    /// <summary>The chain that holds <see cref="AuditLog"/> together; PostgreSQL writes it.</summary>
    public DbSet<AuditSeal> AuditSeals => Set<AuditSeal>();

    /// <summary>Key ring of data protection, encrypted by the master key.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(PlatformDbContext).Assembly, type => type.Namespace == "Onboarding.Tenancy.Data.Configurations.Platform");
        SnakeCase.Apply(modelBuilder);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        SnakeCase.EnumsAsText(configurationBuilder);
}
