using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Organizations;

/// <summary>How an organization comes into being, whoever asks for it: registered in one transaction, then set up, with its founder as its first admin.</summary>
/// <remarks>
/// The transaction that registers it leaves a pointer in the work queue, so that a node which has the owner's login finishes
/// what was begun, should whoever began it die at any instruction. Each step is all or nothing and may be repeated.
/// </remarks>
public sealed partial class FoundOrganization(
    IDbContextFactory<PlatformDbContext> platform, OwnerDataSource owner, ProvisionOrganization provision, TenantScope tenants, CachedOrganizationStore organizations,
    ClusterSignals signals, WorkSignal signal, TimeProvider clock, ILogger<FoundOrganization> logger)
{
    /// <summary>Others leave it alone for so long, because whoever registers it sets it up at once: usually in half a second.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(30);

    /// <summary>Whether somebody has this identifier, or one that looks like it.</summary>
    public static Task<bool> IsTakenAsync(PlatformDbContext db, string identifier, CancellationToken cancellationToken)
    {
        var key = OrganizationIdentifier.LookAlikeKey(identifier);
        return db.Organizations.AnyAsync(o => o.Identifier == identifier || o.LookAlikeKey == key, cancellationToken);
    }

    /// <summary>
    /// Registers what a sign-up wants, inside the caller's transaction; null when the identifier is taken. After the commit
    /// follows <see cref="TrySetUpAsync"/>.
    /// </summary>
    /// <param name="signUp">Tracked by <paramref name="db"/>, and locked if it was there already.</param>
    /// <param name="plan">Key of its plan.</param>
    public async Task<Organization?> RegisterAsync(PlatformDbContext db, SignUp signUp, string plan, CancellationToken cancellationToken)
    {
        // Two who want what looks alike come one after the other; the second sees the first. The skeleton is what a node of the
        // release before locks, and comes first everywhere.
        string[] locks = [$"organization:{OrganizationIdentifier.Skeleton(signUp.Identifier)}", $"look-alike:{OrganizationIdentifier.LookAlikeKey(signUp.Identifier)}"];
        foreach (var name in locks)
        {
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))", cancellationToken);
        }

        return await IsTakenAsync(db, signUp.Identifier, cancellationToken) ? null : await AddAsync(db, signUp, plan, cancellationToken);
    }

    /// <summary>
    /// The same as an operator does it, who may choose what looks like another's. Repeated after a failure it goes on with
    /// what an earlier try has registered.
    /// </summary>
    public async Task<Organization> RegisterByOperatorAsync(SignUp signUp, string plan, CancellationToken cancellationToken)
    {
        try
        {
            await using var db = await platform.CreateDbContextAsync(cancellationToken);
            if (await FindAsync(db, signUp.Identifier, cancellationToken) is { } known)
            {
                return known;
            }

            db.SignUps.Add(signUp);
            return await AddAsync(db, signUp, plan, cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else does the same at this moment.
            await using var db = await platform.CreateDbContextAsync(cancellationToken);
            return await FindAsync(db, signUp.Identifier, cancellationToken) ?? throw new InvalidOperationException("The identifier is taken and nobody has it.", exception);
        }
    }

    /// <summary>
    /// Sets up what was registered, if this node may. False when that is left to another node, or to a later try: the pointer
    /// sees to it.
    /// </summary>
    public async Task<bool> TrySetUpAsync(Organization organization, SignUp signUp)
    {
        if (!owner.IsConfigured)
        {
            signal.Wake();
            return false;
        }

        try
        {
            // Not to be cancelled: it is registered, and whoever asked for it may have gone.
            await SetUpAsync(organization, signUp, CancellationToken.None);
            return true;
        }
        catch (Exception exception)
        {
            Failed(exception, organization.Id);
            return false;
        }
    }

    /// <summary>Provisions it, and makes the founder its first admin, to whom a mail to set a password follows.</summary>
    /// <returns>False when it has members already.</returns>
    public async Task<bool> SetUpAsync(Organization organization, SignUp signUp, CancellationToken cancellationToken)
    {
        await provision.RunAsync(organization, cancellationToken);
        var founded = await tenants.RunAsync(organization, services =>
            AddFounderAsync(services.GetRequiredService<TenantDbContext>(), signUp, clock.GetUtcNow(), cancellationToken));
        await OpenAsync(organization.Key, cancellationToken);
        await organizations.ForgetAsync();
        await signals.OrganizationChangedAsync(organization.Key, cancellationToken);
        signal.Wake();
        return founded;
    }

    /// <summary>It has an admin: from here it serves, and what waited for that goes on, the founder's mail first of all.</summary>
    private async Task OpenAsync(Guid organization, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.InTransactionAsync(
            async () =>
            {
                var opened = await db.Database.ExecuteSqlAsync(
                    $"UPDATE platform.organizations SET status = 'active', changed_at = clock_timestamp() WHERE id = {organization} AND status = 'provisioning'", cancellationToken);
                await db.Work.Where(w => w.OrganizationId == organization && w.Kind == WorkKinds.Found).ExecuteDeleteAsync(cancellationToken);
                var now = clock.GetUtcNow();
                return opened == 0 ? 0 : await db.Work.Where(w => w.OrganizationId == organization && w.ClaimId == null && w.DueAt > now)
                    .ExecuteUpdateAsync(work => work.SetProperty(w => w.DueAt, now), cancellationToken);
            },
            cancellationToken);
    }

    private async Task<Organization> AddAsync(PlatformDbContext db, SignUp signUp, string plan, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var organization = Organization.Register(signUp.Identifier, signUp.Name, plan, now);
        signUp.Found(organization);
        db.Organizations.Add(organization);
        db.Work.Add(WorkItem.Due(organization.Key, WorkKinds.Found, signUp.Id, now, owner.IsConfigured ? HeadStart : TimeSpan.Zero));
        await db.SaveChangesAsync(cancellationToken);
        return organization;
    }

    private static Task<Organization?> FindAsync(PlatformDbContext db, string identifier, CancellationToken cancellationToken) =>
        db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken);

    private static Task<bool> AddFounderAsync(TenantDbContext db, SignUp signUp, DateTimeOffset now, CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            // Of two that do the same one waits, and finds a member.
            await db.Database.ExecuteSqlAsync($"SELECT 1 FROM settings FOR UPDATE", cancellationToken);
            if (await db.Members.AnyAsync(cancellationToken))
            {
                return false;
            }

            var (founder, approved) = Member.Found(signUp.UserName, signUp.Email, signUp.FullName, now);
            db.Members.Add(founder);
            db.Record(approved, Actor.System, "founder");
            await db.SaveChangesAsync(cancellationToken);
            return true;
        },
        cancellationToken);

    [LoggerMessage(LogLevel.Error, "Organization {Organization} could not be set up at once; a node goes on with it.")]
    private partial void Failed(Exception exception, string organization);
}
