using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Changes of <see cref="CustomDomain"/>.</summary>
/// <remarks>
/// The rows are the platform's, because a request that names a host belongs to nobody yet; audit line and event are the
/// organization's. Both commit together, and every node hears of what changes whose a host is (SEC-48).
/// </remarks>
public sealed partial class CustomDomains(
    NpgsqlDataSource dataSource, IDbContextFactory<PlatformDbContext> platform, CachedOrganizationStore organizations, ClusterSignals signals, WorkSignal signal, TimeProvider clock,
    ILogger<CustomDomains> logger)
{
    /// <summary>How many an organization may have, proven or not.</summary>
    public const int Limit = 10;

    private const string Insert = """
        INSERT INTO platform.domains (id, organization_id, domain, token, created_at)
        SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM platform.domains WHERE organization_id = $2) < $6
        ON CONFLICT (organization_id, domain) DO NOTHING
        RETURNING id
        """;

    private const string Verify = """
        UPDATE platform.domains SET verified_at = $3, checked_at = $3, failing_since = NULL
        WHERE id = $1 AND organization_id = $2 AND verified_at IS NULL RETURNING id
        """;

    private const string Delete = "DELETE FROM platform.domains WHERE id = $1 AND organization_id = $2 RETURNING id";

    private const string Lapse = """
        UPDATE platform.domains SET verified_at = NULL, failing_since = NULL
        WHERE id = $1 AND organization_id = $2 AND verified_at IS NOT NULL AND failing_since <= $3 RETURNING id
        """;

    private const string Note = """
        UPDATE platform.domains d SET checked_at = $1, failing_since = CASE WHEN c.found THEN NULL ELSE coalesce(d.failing_since, $1) END
        FROM unnest($2::uuid[], $3::boolean[]) AS c (id, found) WHERE d.id = c.id AND d.verified_at IS NOT NULL
        """;

    /// <summary>Those of an organization, by name.</summary>
    public async Task<IReadOnlyList<CustomDomain>> ListAsync(Organization organization, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.Domains.AsNoTracking().Where(d => d.OrganizationId == organization.Key).OrderBy(d => d.Domain).Take(Limit).ToListAsync(cancellationToken);
    }

    /// <summary>One of an organization; null when it has none of this id.</summary>
    public async Task<CustomDomain?> FindAsync(Organization organization, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.Domains.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id && d.OrganizationId == organization.Key, cancellationToken);
    }

    /// <summary>Adds one that is yet to be proven. False when the organization has it, or as many as it may have.</summary>
    public Task<bool> AddAsync(Organization organization, CustomDomain domain, Actor by, CancellationToken cancellationToken) => ChangeAsync(
        organization, by, new OrganizationDomainAdded(domain.Id, domain.Domain, domain.CreatedAt), isHost: false, Insert,
        [Sql.Value(domain.Id), Sql.Value(organization.Key), Sql.Value(domain.Domain), Sql.Value(domain.Token), Sql.Value(domain.CreatedAt), Sql.Value((long)Limit)],
        cancellationToken);

    /// <summary>Its record was found. False when another organization has it already.</summary>
    public async Task<bool> VerifyAsync(Organization organization, CustomDomain domain, Actor by, CancellationToken cancellationToken)
    {
        try
        {
            var now = clock.GetUtcNow();
            await ChangeAsync(
                organization, by, new OrganizationDomainVerified(domain.Id, domain.Domain, now), isHost: true, Verify,
                [Sql.Value(domain.Id), Sql.Value(organization.Key), Sql.Value(now)], cancellationToken);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>The organization does not want it any more. False when it is gone already.</summary>
    public Task<bool> RemoveAsync(Organization organization, CustomDomain domain, Actor by, CancellationToken cancellationToken) => ChangeAsync(
        organization, by, new OrganizationDomainRemoved(domain.Id, domain.Domain, clock.GetUtcNow()), isHost: true, Delete,
        [Sql.Value(domain.Id), Sql.Value(organization.Key)], cancellationToken);

    /// <summary>The next page of proven ones, by id.</summary>
    public async Task<IReadOnlyList<CustomDomain>> VerifiedAsync(Guid after, int limit, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.Domains.FromSql($"SELECT * FROM platform.domains WHERE verified_at IS NOT NULL AND id > {after} ORDER BY id LIMIT {limit}").AsNoTracking().ToListAsync(cancellationToken);
    }

    /// <summary>Notes for each of these whether its record was found; those whose record has been missing for too long are nobody's from now on.</summary>
    public async Task NoteAsync(IReadOnlyList<(CustomDomain Domain, bool Found)> checks, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using (var command = dataSource.CreateCommand(Note))
        {
            command.Parameters.AddRange(new[] { Sql.Value(now), Sql.Column(checks, c => c.Domain.Id), Sql.Column(checks, c => c.Found) });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        // Few, and each in its own organization's schema.
        foreach (var (domain, _) in checks.Where(c => !c.Found && c.Domain.FailingSince <= now - CustomDomain.Patience))
        {
            if (await organizations.GetAsync(domain.OrganizationId.ToString()) is { Status: OrganizationStatus.Active or OrganizationStatus.Suspended or OrganizationStatus.Deleting } organization)
            {
                await LapseAsync(organization, domain, now, cancellationToken);
            }
        }
    }

    // One organization that is sick stops no other.
    private async Task LapseAsync(Organization organization, CustomDomain domain, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync(
                organization, Actor.System, new OrganizationDomainLapsed(domain.Id, domain.Domain, now), isHost: true, Lapse,
                [Sql.Value(domain.Id), Sql.Value(organization.Key), Sql.Value(now - CustomDomain.Patience)], cancellationToken);
        }
        catch (Exception exception) when (exception is DbException or DbUpdateException)
        {
            Failed(exception, domain.Domain, organization.Id);
        }
    }

    [LoggerMessage(LogLevel.Error, "The domain {Domain} of organization {Organization} could not be taken from it; the next run tries again.")]
    private partial void Failed(Exception exception, string domain, string organization);

    /// <param name="isHost">Whether it changes whose a host is.</param>
    /// <param name="sql">Returns a row when it changed something.</param>
    private async Task<bool> ChangeAsync(
        Organization organization, Actor by, DomainEvent happened, bool isHost, string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        if (!await db.InTransactionAsync(() => ChangeAsync(db, organization, by, happened, sql, parameters, cancellationToken), cancellationToken))
        {
            return false;
        }

        signal.Wake();
        if (isHost)
        {
            await organizations.ForgetAsync();
            await signals.OrganizationChangedAsync(organization.Key, cancellationToken);
        }

        return true;
    }

    private async Task<bool> ChangeAsync(PlatformDbContext db, Organization organization, Actor by, DomainEvent happened, string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        // The context's own connection, because that is counted as the organization's share.
        var transaction = (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction();
        var changed = false;
        await using (var shared = TenantBatch.In(dataSource, transaction))
        {
            // Changes of one organization's domains come one after the other, or two would both find the last place; nodes that
            // miss the signal see the time.
            shared.AddShared("UPDATE platform.organizations SET changed_at = clock_timestamp() WHERE id = $1", Sql.Value(organization.Key));
            shared.AddSharedQuery(_ => changed = true, sql, [.. parameters.Select(parameter => parameter.Clone())]);
            await shared.ExecuteAsync(cancellationToken);
        }

        if (!changed)
        {
            return false;
        }

        await using (var own = TenantBatch.In(dataSource, transaction))
        {
            var lines = OutboxRows.Add(own, organization, [happened], by);
            await own.ExecuteAsync(cancellationToken);
            db.Proof.Witness = new(organization, AuditSealing.LogTable, lines[0]);
        }

        return true;
    }
}
