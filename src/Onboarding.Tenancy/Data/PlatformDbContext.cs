using Finbuckle.MultiTenant.EntityFrameworkCore.Stores;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data;

/// <summary>What all organizations share, in schema <c>platform</c>: the catalogue, the work queue, keys.</summary>
public sealed class PlatformDbContext : EFCoreStoreDbContext<Organization>, IDataProtectionKeyContext
{
    /// <summary>Name of its schema; every statement qualifies it, because connections start with no search path.</summary>
    public const string Schema = "platform";

    /// <summary>A unit of work.</summary>
    public PlatformDbContext(DbContextOptions<PlatformDbContext> options)
        : base(options) =>
        // For a single statement too, or nobody could tell what became of it when its answer is lost.
        Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;

    /// <summary>By what its COMMIT is looked up when that is in doubt.</summary>
    internal CommitProof Proof { get; } = new();

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

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction, once more when the connection broke before the COMMIT (FAULT-4).
    /// It must hold nothing over from a failed try.
    /// </summary>
    public Task<T> InTransactionAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) => Proof.InTransactionAsync(this, work, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default) =>
        Proof.SaveAsync(this, () => base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken));

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
