using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Organizations;

/// <summary>What came of governing an organization.</summary>
/// <param name="Organization">The organization as it is now; null when there is none.</param>
/// <param name="IsDone">Whether it was changed; false where its status does not allow it.</param>
public sealed record Governed(Organization? Organization, bool IsDone);

/// <summary>What is done to an organization from outside it: told in its own audit log and in the platform's, in the transaction that does it.</summary>
public sealed class GovernOrganization(
    IDbContextFactory<PlatformDbContext> platform, NpgsqlDataSource dataSource, CachedOrganizationStore organizations, ClusterSignals signals, WorkSignal signal, TimeProvider clock)
{
    /// <summary>By then every node has heard that it serves again.</summary>
    private static readonly TimeSpan UntilHeard = TimeSpan.FromSeconds(2);

    /// <summary>Stops it from serving, and pauses all that is done for it.</summary>
    public Task<Governed> SuspendAsync(Guid id, Actor actor, string? reason, CancellationToken cancellationToken) =>
        RunAsync(id, (organization, now) => organization.Suspend(now), "organization.suspended", actor, reason, cancellationToken);

    /// <summary>Lets it serve again; what had paused goes on at once.</summary>
    public async Task<Governed> ReactivateAsync(Guid id, Actor actor, string? reason, CancellationToken cancellationToken)
    {
        var governed = await RunAsync(id, (organization, now) => organization.Reactivate(now), "organization.reactivated", actor, reason, cancellationToken);
        if (governed.IsDone)
        {
            await ResumeAsync(id, CancellationToken.None);
        }

        return governed;
    }

    /// <summary>Settles for it alone what goes before its plan.</summary>
    public Task<Governed> SettleAsync(Guid id, PlanOverrides overrides, Actor actor, string? reason, CancellationToken cancellationToken) => RunAsync(
        id,
        (organization, now) =>
        {
            organization.Settle(overrides, now);
            return true;
        },
        "organization.overrides_settled",
        actor,
        reason,
        cancellationToken);

    /// <param name="change">Changes it; false where its status does not allow that.</param>
    private async Task<Governed> RunAsync(
        Guid id, Func<Organization, DateTimeOffset, bool> change, string action, Actor actor, string? reason, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var governed = await db.InTransactionAsync(
            async () =>
            {
                // Locked, so that of two who change it at once each sees what the other did.
                var organization = await db.Organizations.FromSql($"SELECT * FROM platform.organizations WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
                var now = clock.GetUtcNow();
                if (organization is null || !change(organization, now))
                {
                    return new Governed(organization, IsDone: false);
                }

                PlatformAudit.Add(db, action, actor, id, subjectId: null, reason, now);
                await db.SaveChangesAsync(cancellationToken);

                // Last: from here the transaction has the organization's role.
                if (organization.Status is OrganizationStatus.Active or OrganizationStatus.Suspended)
                {
                    await using var batch = TenantBatch.In(dataSource, (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction());
                    AuditRows.Add(batch, organization, AuditEntry.Of(action, actor, subjectId: null, reason, now));
                    await batch.ExecuteAsync(cancellationToken);
                }

                return new Governed(organization, IsDone: true);
            },
            cancellationToken);
        if (governed.IsDone)
        {
            // Done is done, whether the caller is still there or not.
            await organizations.ForgetAsync();
            await signals.OrganizationChangedAsync(id, CancellationToken.None);
        }

        return governed;
    }

    // What was put off while it did not serve would come by itself within a minute; nobody has to wait for that. In a moment and not at
    // once: a node that has not heard yet would put it off again.
    private async Task ResumeAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("UPDATE platform.work SET due_at = $2 WHERE organization_id = $1 AND claim_id IS NULL AND due_at > $2");
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(id), Sql.Value(clock.GetUtcNow() + UntilHeard)]);
        await command.ExecuteNonQueryAsync(cancellationToken);
        signal.Wake();
    }
}
