using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Organizations;

/// <summary>What came of asking for a deletion.</summary>
public enum LeaveOutcome
{
    /// <summary>Its grace runs.</summary>
    Begun,

    /// <summary>It ran already; an earlier end counts.</summary>
    UnderWay,

    /// <summary>There is no such organization.</summary>
    Unknown,

    /// <summary>Something holds it: a subscription that would go on being charged.</summary>
    Held,
}

/// <summary>What came of asking for a restoration.</summary>
public enum RestoreOutcome
{
    /// <summary>It is what it was before.</summary>
    Restored,

    /// <summary>It is not on its way out, or was never set up.</summary>
    NotLeaving,

    /// <summary>There is no such organization, or no longer.</summary>
    Unknown,
}

/// <summary>The answer to a deletion.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="PurgeAt">When everything is deleted; null where nothing is.</param>
public sealed record LeaveAnswer(LeaveOutcome Outcome, DateTimeOffset? PurgeAt);

/// <summary>Begins an organization's deletion, and takes it back while its grace runs (SEC-7).</summary>
/// <remarks>
/// Meanwhile every node answers as if it were not there, and its work waits in the queue. <see cref="RemoveOrganization"/>
/// does the deleting. The application's login does for both.
/// </remarks>
public sealed class LeaveOrganization(
    IDbContextFactory<PlatformDbContext> platform, NpgsqlDataSource dataSource, IEnumerable<ISharedSchema> schemas, CachedOrganizationStore organizations, ClusterSignals signals,
    IOptions<TenancyOptions> options, TimeProvider clock)
{
    /// <summary>By then every node has heard that it serves again, and does not put its work aside once more.</summary>
    private static readonly TimeSpan UntilHeard = TimeSpan.FromSeconds(2);

    /// <summary>Begins the grace that is configured.</summary>
    public Task<LeaveAnswer> BeginAsync(Guid organizationId, Actor actor, CancellationToken cancellationToken) => BeginAsync(organizationId, options.Value.DeletionGrace, actor, cancellationToken);

    /// <summary>Goes back to what it was before its deletion began, and goes on with what waited.</summary>
    public async Task<RestoreOutcome> RestoreAsync(Guid organizationId, Actor actor, CancellationToken cancellationToken)
    {
        var outcome = await ChangeAsync(
            organizationId,
            async (db, organization, told) =>
            {
                var now = clock.GetUtcNow();
                if (organization is null || !organization.Restore(now))
                {
                    return organization is null ? RestoreOutcome.Unknown : RestoreOutcome.NotLeaving;
                }

                told.Add(Tell(db, organization, "organization.restored", actor, note: null, now));
                var heard = now + UntilHeard;
                await db.Database.ExecuteSqlAsync(
                    $"UPDATE platform.work SET due_at = {heard} WHERE organization_id = {organizationId} AND claim_id IS NULL AND due_at > {heard}", cancellationToken);
                return RestoreOutcome.Restored;
            },
            cancellationToken);
        await TellAsync(organizationId, cancellationToken);
        return outcome;
    }

    internal async Task<LeaveAnswer> BeginAsync(Guid organizationId, TimeSpan grace, Actor actor, CancellationToken cancellationToken)
    {
        var answer = await ChangeAsync(
            organizationId,
            async (db, organization, told) =>
            {
                if (organization is null)
                {
                    return new LeaveAnswer(LeaveOutcome.Unknown, null);
                }

                if (await IsHeldAsync(db, organizationId, cancellationToken))
                {
                    return new(LeaveOutcome.Held, null);
                }

                var now = clock.GetUtcNow();
                var begins = organization.BeginDeletion(now, grace);
                if (begins || grace == TimeSpan.Zero)
                {
                    told.Add(Tell(db, organization, "organization.deletion_begun", actor, $"{organization.Identifier}, until {organization.PurgeAt:u}", now));
                }

                return new(begins ? LeaveOutcome.Begun : LeaveOutcome.UnderWay, organization.PurgeAt);
            },
            cancellationToken);
        await TellAsync(organizationId, cancellationToken);
        return answer;
    }

    private async Task<T> ChangeAsync<T>(Guid organizationId, Func<PlatformDbContext, Organization?, List<AuditEntry>, Task<T>> change, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.InTransactionAsync(
            async () =>
            {
                var organization = await db.Organizations.FromSql($"SELECT * FROM platform.organizations WHERE id = {organizationId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
                var told = new List<AuditEntry>();
                var outcome = await change(db, organization, told);
                await db.SaveChangesAsync(cancellationToken);
                if (organization is { SchemaVersion: > 0 } && told.Count > 0)
                {
                    // Last: from here the transaction has the organization's role.
                    await using var batch = TenantBatch.In(dataSource, (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction());
                    told.ForEach(line => AuditRows.Add(batch, organization, line));
                    await batch.ExecuteAsync(cancellationToken);
                }

                return outcome;
            },
            cancellationToken);
    }

    // In both logs: the platform's, and the organization's own, which it reads when it is restored.
    private static AuditEntry Tell(PlatformDbContext db, Organization organization, string action, Actor actor, string? note, DateTimeOffset now)
    {
        PlatformAudit.Add(db, action, actor, organization.Key, subjectId: null, note, now);
        return AuditEntry.Of(action, actor, subjectId: null, note, now);
    }

    private async Task<bool> IsHeldAsync(PlatformDbContext db, Guid organizationId, CancellationToken cancellationToken)
    {
        var conditions = schemas.Select(schema => schema.Holds).OfType<string>().ToList();
        if (conditions.Count == 0)
        {
            return false;
        }

        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await using var command = new NpgsqlCommand($"SELECT {string.Join(" OR ", conditions)}", connection, (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction());
        command.Parameters.Add(Sql.Value(organizationId));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private async Task TellAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        await organizations.ForgetAsync();
        await signals.OrganizationChangedAsync(organizationId, cancellationToken);
    }
}
