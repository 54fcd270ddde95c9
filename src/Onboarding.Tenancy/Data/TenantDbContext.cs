using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Data;

/// <summary>A unit of work in one organization's schema.</summary>
/// <remarks>
/// One model serves every organization: table names are unqualified, and <see cref="TenantCommandInterceptor"/> and
/// <see cref="TransactionInterceptor"/> say whose they are. Instances are pooled; the organization is set at each
/// lease and taken away at its end.
/// </remarks>
public sealed class TenantDbContext(DbContextOptions<TenantDbContext> options) : IdentityUserContext<Member, Guid>(options)
{
    /// <summary>Whose unit of work this is; null means that any command throws before it is sent (SEC-5).</summary>
    public Organization? Organization { get; internal set; }

    /// <summary>By what its COMMIT is looked up when that is in doubt.</summary>
    internal CommitProof Proof { get; } = new();

    /// <summary>Told once after a commit that put something into the work queue.</summary>
    internal WorkSignal? WorkSignal { get; set; }

    private bool workAdded;

    /// <summary>Its members, in every state.</summary>
    public DbSet<Member> Members => Set<Member>();

    /// <summary>Codes that prove an address.</summary>
    public DbSet<OneTimeCode> OneTimeCodes => Set<OneTimeCode>();

    /// <summary>Links by which people set a password.</summary>
    public DbSet<PasswordLink> PasswordLinks => Set<PasswordLink>();

    /// <summary>Roles, the built-in ones among them.</summary>
    public DbSet<Role> Roles => Set<Role>();

    /// <summary>Invitations, in every state.</summary>
    public DbSet<Invitation> Invitations => Set<Invitation>();

    /// <summary>What happens to people of an e-mail domain.</summary>
    public DbSet<ApprovalRule> ApprovalRules => Set<ApprovalRule>();

    /// <summary>What its admins have settled: one row.</summary>
    public DbSet<OrganizationSettings> Settings => Set<OrganizationSettings>();

    /// <summary>Authenticator apps.</summary>
    public DbSet<Totp> Totp => Set<Totp>();

    /// <summary>Passkeys, as Identity stores them.</summary>
    public DbSet<IdentityUserPasskey<Guid>> Passkeys => Set<IdentityUserPasskey<Guid>>();

    /// <summary>Codes for whoever has lost the second factor.</summary>
    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    /// <summary>Sign-ins and registrations of passkeys that are not finished.</summary>
    public DbSet<SignInChallenge> SignInChallenges => Set<SignInChallenge>();

    /// <summary>Devices that sign in without a second factor.</summary>
    public DbSet<RememberedDevice> RememberedDevices => Set<RememberedDevice>();

    /// <summary>Sign-ins.</summary>
    public DbSet<Session> Sessions => Set<Session>();

    /// <summary>Refresh tokens of those sign-ins.</summary>
    public DbSet<RefreshToken> RefreshTokens => Set<RefreshToken>();

    /// <summary>API keys, revoked ones among them.</summary>
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    /// <summary>How much each key was used on each day.</summary>
    public DbSet<ApiKeyUsage> ApiKeyUsage => Set<ApiKeyUsage>();

    /// <summary>How much was used of what a plan limits by the month.</summary>
    public DbSet<UsageCounter> UsageCounters => Set<UsageCounter>();

    /// <summary>What happened, append-only.</summary>
    public DbSet<AuditEntry> AuditLog => Set<AuditEntry>();

    /// <summary>The chain that holds <see cref="AuditLog"/> together; PostgreSQL writes it.</summary>
    public DbSet<AuditSeal> AuditSeals => Set<AuditSeal>();

    /// <summary>Domain events.</summary>
    public DbSet<OutboxEvent> Outbox => Set<OutboxEvent>();

    /// <summary>Composed mails.</summary>
    public DbSet<EmailMessage> Emails => Set<EmailMessage>();

    /// <summary>Customer systems that hear of events.</summary>
    public DbSet<WebhookEndpoint> WebhookEndpoints => Set<WebhookEndpoint>();

    /// <summary>Events as customers see them.</summary>
    public DbSet<WebhookMessage> WebhookMessages => Set<WebhookMessage>();

    /// <summary>Messages on their way to endpoints.</summary>
    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();

    /// <summary>Requests to endpoints.</summary>
    public DbSet<WebhookAttempt> WebhookAttempts => Set<WebhookAttempt>();

    /// <summary>
    /// Adds what a state change owes: its audit line, its event and the pointer that gets the event handled. They
    /// commit with the state or not at all.
    /// </summary>
    /// <returns>The id of the event, which is that of the webhook message too.</returns>
    public Guid Record(DomainEvent domainEvent, Actor actor, string? note = null)
    {
        Audit(domainEvent.Type, actor, domainEvent.SubjectId, note ?? domainEvent.AuditNote, domainEvent.OccurredAt);
        return Publish(domainEvent);
    }

    /// <summary>Adds an event that is no change of state, such as a reminder: no audit line comes with it.</summary>
    /// <inheritdoc cref="Record" path="/returns"/>
    public Guid Publish(DomainEvent domainEvent)
    {
        var stored = OutboxEvent.Of(WithMember(domainEvent));
        Outbox.Add(stored);
        Enqueue(WorkKinds.Event, stored.Id, domainEvent.OccurredAt);
        return stored.Id;
    }

    /// <summary>An event about a member tells who that is at that moment: whoever hears of it need not ask, and may hear of it much later.</summary>
    private DomainEvent WithMember(DomainEvent domainEvent) =>
        domainEvent is MemberEvent about && Members.Local.FindEntry(about.MemberId) is { Entity: var member }
            ? about with { Member = MemberSnapshot.Of(member) }
            : domainEvent;

    /// <summary>Adds an audit line for something that changed no state, such as a refused sign-in.</summary>
    public void Audit(string action, Actor actor, Guid? subjectId, string? note, DateTimeOffset now) =>
        AuditLog.Add(AuditEntry.Of(action, actor, subjectId, note, now));

    /// <summary>Adds a pointer to the work queue.</summary>
    public void Enqueue(string kind, Guid refId, DateTimeOffset now)
    {
        var organization = Organization ?? throw new TenantRequiredException();
        Set<WorkItem>().Add(WorkItem.Due(organization.Key, kind, refId, now));
        workAdded = true;
    }

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction, once more when the connection broke before the COMMIT (FAULT-4).
    /// It must save through this context only, and hold nothing over from a failed try.
    /// </summary>
    public async Task<T> InTransactionAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var result = await Proof.InTransactionAsync(this, work, cancellationToken);
        SignalWork();
        return result;
    }

    /// <summary>
    /// Saves what is tracked, unless <paramref name="refusal"/> finds something against it in the same transaction. Then nothing
    /// is saved, and what is tracked stays as it was.
    /// </summary>
    /// <returns>What was found; null when it is saved.</returns>
    public async Task<T?> SaveUnlessAsync<T>(Func<CancellationToken, Task<T?>> refusal, CancellationToken cancellationToken)
        where T : class
    {
        // Not accepted before the commit: a try that is repeated saves the same again.
        var found = await Database.CreateExecutionStrategy().ExecuteAsync(
            async cancellation =>
            {
                await using var transaction = await Database.BeginTransactionAsync(cancellation);
                if (await refusal(cancellation) is { } against)
                {
                    return against;
                }

                await SaveChangesAsync(acceptAllChangesOnSuccess: false, cancellation);
                await transaction.CommitAsync(cancellation);
                return null;
            },
            cancellationToken);
        if (found is null)
        {
            ChangeTracker.AcceptAllChanges();
            SignalWork();
        }

        return found;
    }

    /// <inheritdoc/>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var changed = await Proof.SaveAsync(this, () => base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken));
        if (Database.CurrentTransaction is null)
        {
            SignalWork();
        }

        return changed;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        EndLease();
        base.Dispose();
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        EndLease();
        return base.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(TenantDbContext).Assembly, type => type.Namespace == "Onboarding.Tenancy.Data.Configurations.Tenant");
        SnakeCase.Apply(builder);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        SnakeCase.EnumsAsText(configurationBuilder);

    // NOTIFY inside the business transaction took commits from 7,000 to 3,000 a second, so it follows the commit.
    private void SignalWork()
    {
        if (workAdded)
        {
            workAdded = false;
            WorkSignal?.Wake();
        }
    }

    private void EndLease()
    {
        Organization = null;
        Proof.Clear();
        WorkSignal = null;
        workAdded = false;
    }
}
