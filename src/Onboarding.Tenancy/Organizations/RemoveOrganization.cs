using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>How a removal ended.</summary>
public enum RemoveOutcome
{
    /// <summary>Nothing of it is left.</summary>
    Gone,

    /// <summary>There is no such organization, it was restored, or another node has removed it.</summary>
    NothingToDo,

    /// <summary>Something holds it: a subscription that would go on being charged.</summary>
    Held,

    /// <summary>Something may still come of it, such as a checkout that can be paid; a later run removes it.</summary>
    Delayed,

    /// <summary>Somebody still uses its tables; the next run removes it.</summary>
    Busy,
}

/// <summary>
/// Last step of an organization's life: schema, role, queue rows, revocations, what other parts of the product know of
/// it, and its entry in the catalogue go in one transaction, so nothing of it is left (SEC-7). Running it again after a
/// crash finishes it, and of several nodes one does it.
/// </summary>
public sealed partial class RemoveOrganization(
    IDbContextFactory<PlatformDbContext> platform, OwnerDataSource owner, LeaveOrganization leave, IEnumerable<ISharedSchema> schemas, CachedOrganizationStore organizations,
    ClusterSignals signals, TimeProvider clock, ILogger<RemoveOrganization> logger)
{
    private const string HeldCode = "OB002";
    private const string DelayedCode = "OB003";
    private const int Page = 100;

    /// <summary>Removes one organization for good, with no grace or what is left of it.</summary>
    /// <exception cref="InvalidOperationException">This node has no owner's login; nothing was done.</exception>
    public async Task<RemoveOutcome> RunAsync(Guid organizationId, Actor actor, CancellationToken cancellationToken)
    {
        // The grace that ends with the first step cannot be brought back.
        _ = owner.Value;
        return (await leave.BeginAsync(organizationId, TimeSpan.Zero, actor, cancellationToken)).Outcome switch
        {
            LeaveOutcome.Unknown => RemoveOutcome.NothingToDo,
            LeaveOutcome.Held => RemoveOutcome.Held,
            _ => await PurgeAsync(organizationId, cancellationToken),
        };
    }

    /// <summary>Removes those whose grace has ended. One that cannot be removed stops no other.</summary>
    /// <returns>How many it has removed.</returns>
    public async Task<int> RunDueAsync(CancellationToken cancellationToken)
    {
        var (removed, after) = (0, Guid.Empty);
        IReadOnlyList<Guid> page;
        do
        {
            page = await DueAsync(after, cancellationToken);
            foreach (var organization in page)
            {
                after = organization;
                removed += await TryPurgeAsync(organization, cancellationToken) ? 1 : 0;
            }
        }
        while (page.Count == Page);
        return removed;
    }

    // Without an end: an earlier version began to remove it, and did not finish.
    private async Task<IReadOnlyList<Guid>> DueAsync(Guid after, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.Database.SqlQuery<Guid>($"""
            SELECT id AS "Value" FROM platform.organizations
            WHERE status = 'deleting' AND (purge_at IS NULL OR purge_at <= {now}) AND id > {after} ORDER BY id LIMIT {Page}
            """).ToListAsync(cancellationToken);
    }

    private async Task<bool> TryPurgeAsync(Guid organization, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await PurgeAsync(organization, cancellationToken);
            Purged(organization, outcome);
            return outcome == RemoveOutcome.Gone;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failed(exception, organization);
            return false;
        }
    }

    private async Task<RemoveOutcome> PurgeAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = owner.Value.CreateCommand(Script(organizationId));
            command.CommandTimeout = 600;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (Outcome(exception) is not null)
        {
            return Outcome(exception)!.Value;
        }

        await organizations.ForgetAsync();
        await signals.OrganizationChangedAsync(organizationId, cancellationToken);
        return RemoveOutcome.Gone;
    }

    private static RemoveOutcome? Outcome(PostgresException exception) => exception.SqlState switch
    {
        HeldCode => RemoveOutcome.Held,
        DelayedCode => RemoveOutcome.Delayed,
        ProvisionOrganization.NothingToDo => RemoveOutcome.NothingToDo,
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected => RemoveOutcome.Busy,
        _ => null,
    };

    // Every name in here is generated from an id. Schema first: it waits for whoever is still writing in there, and what
    // they have put into the queue is seen by what follows.
    private string Script(Guid organizationId) => $"""
        SELECT set_config('lock_timeout', '5s', true);
        DO $$ BEGIN
          PERFORM FROM platform.organizations WHERE id = '{organizationId}' AND status = 'deleting' AND coalesce(purge_at <= '{clock.GetUtcNow():O}', true) FOR UPDATE;
          IF NOT FOUND THEN RAISE EXCEPTION 'nothing to do' USING ERRCODE = '{ProvisionOrganization.NothingToDo}'; END IF;
          IF {AnyOf(organizationId, schema => schema.Holds)} THEN RAISE EXCEPTION 'held' USING ERRCODE = '{HeldCode}'; END IF;
          IF {AnyOf(organizationId, schema => schema.Delays)} THEN RAISE EXCEPTION 'delayed' USING ERRCODE = '{DelayedCode}'; END IF;
        END $$;
        DROP SCHEMA IF EXISTS org_{organizationId:N} CASCADE;
        DROP ROLE IF EXISTS org_{organizationId:N};
        DO $$ DECLARE shared regclass; BEGIN
          FOR shared IN
            SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
            WHERE c.relnamespace = '{PlatformDbContext.Schema}'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '{Kept}'
          LOOP
            EXECUTE format('DELETE FROM %s WHERE organization_id = %L', shared, '{organizationId}');
          END LOOP;
        END $$;
        {string.Concat(schemas.Select(schema => schema.Forget).OfType<string>().Select(sql => $"{Of(organizationId, sql)};\n"))}
        INSERT INTO platform.audit_log (id, occurred_at, action, actor_kind, organization_id, note)
        SELECT '{Ids.New(clock.GetUtcNow())}', '{clock.GetUtcNow():O}', 'organization.purged', 'system', id, identifier FROM platform.organizations WHERE id = '{organizationId}';
        DELETE FROM platform.organizations WHERE id = '{organizationId}';
        """;

    /// <summary>What the platform itself has noted down stays: that there was such an organization, and who deleted it.</summary>
    private const string Kept = "audit_log";

    private string AnyOf(Guid organizationId, Func<ISharedSchema, string?> condition) =>
        string.Join(" OR ", schemas.Select(condition).OfType<string>().Select(sql => Of(organizationId, sql)).DefaultIfEmpty("false"));

    // DO takes no parameters.
    private static string Of(Guid organizationId, string sql) => sql.Replace("$1", $"'{organizationId}'::uuid", StringComparison.Ordinal);

    [LoggerMessage(LogLevel.Information, "The grace of organization {Organization} has ended; its removal ended with {Outcome}.")]
    private partial void Purged(Guid organization, RemoveOutcome outcome);

    [LoggerMessage(LogLevel.Error, "Organization {Organization} could not be removed; the next run tries again.")]
    private partial void Failed(Exception exception, Guid organization);
}
