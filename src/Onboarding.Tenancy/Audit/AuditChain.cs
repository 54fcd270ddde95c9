using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Audit;

/// <summary>Proves audit logs: computes their chains anew, and says what does not fit (SEC-48).</summary>
/// <remarks>
/// One statement for each log, in the rights of whoever may read it. How a line is hashed comes from here and never from
/// the database's own function, which somebody could have replaced.
/// </remarks>
public sealed class AuditChain(NpgsqlDataSource dataSource)
{
    // A log of many millions of lines takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>Proves the log of one organization.</summary>
    /// <param name="organization">Whose.</param>
    /// <param name="expected">A seal that was kept elsewhere, and has to be in the chain.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AuditReport> VerifyAsync(Organization organization, AuditHead? expected, CancellationToken cancellationToken)
    {
        await using var batch = TenantBatch.Of(dataSource);
        var judge = new AuditJudge(expected);
        Add(batch, organization, judge, expected);
        return await RunAsync(batch, judge, Patience, cancellationToken);
    }

    /// <summary>Proves the log of the organization whose unit of work this is, as long as that may take; null when it takes longer.</summary>
    /// <param name="db">Whose log it is, and whose connection.</param>
    /// <param name="expected">A seal that was kept elsewhere, and has to be in the chain.</param>
    /// <param name="patience">How long PostgreSQL may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AuditReport?> TryVerifyAsync(TenantDbContext db, AuditHead? expected, TimeSpan patience, CancellationToken cancellationToken)
    {
        var organization = db.Organization ?? throw new TenantRequiredException();
        return await db.Database.CreateExecutionStrategy().ExecuteAsync(
            async cancellation =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
                await using var batch = TenantBatch.In(dataSource, (NpgsqlTransaction)transaction.GetDbTransaction());
                var judge = new AuditJudge(expected);
                Add(batch, organization, judge, expected);
                try
                {
                    return await RunAsync(batch, judge, patience, cancellation);
                }
                catch (NpgsqlException exception) when (exception is { InnerException: TimeoutException } or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled })
                {
                    return null;
                }
            },
            cancellationToken);
    }

    /// <summary>Proves the log of the platform.</summary>
    /// <inheritdoc cref="VerifyAsync" path="/param"/>
    public async Task<AuditReport> VerifyPlatformAsync(AuditHead? expected, CancellationToken cancellationToken)
    {
        await using var batch = TenantBatch.Of(dataSource);
        var judge = new AuditJudge(expected);
        batch.AddSharedQuery(judge.ReadTrigger, Trigger(AuditSealing.Platform));
        batch.AddSharedQuery(judge.ReadLine, Query(AuditSealing.Platform), Sql.Value(expected?.Sequences.ToArray()));
        return await RunAsync(batch, judge, Patience, cancellationToken);
    }

    private static void Add(TenantBatch batch, Organization organization, AuditJudge judge, AuditHead? expected)
    {
        batch.AddQuery(organization, judge.ReadTrigger, Trigger(AuditSealing.Tenant));
        batch.AddQuery(organization, judge.ReadLine, Query(AuditSealing.Tenant), Sql.Value(expected?.Sequences.ToArray()));
    }

    private static async Task<AuditReport> RunAsync(TenantBatch batch, AuditJudge judge, TimeSpan patience, CancellationToken cancellationToken)
    {
        batch.Timeout = patience;
        try
        {
            await batch.ExecuteAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return new(null, 1, [new(AuditFault.NoSeals)]);
        }

        return judge.Report();
    }

    private static string Trigger(AuditSealing sealing) =>
        $"SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '{sealing.Log}'::regclass AND tgname = '{AuditSealing.Name}' AND tgenabled IN ('O', 'A'))";

    // Only what does not fit, the last seals of the lanes and the expected ones come back. Lines without a seal come last.
    private static string Query(AuditSealing sealing) => $"""
        WITH line AS (
          SELECT s.lane, s.sequence, s.entry_id, s.hash, e.id, CASE WHEN {AuditSealing.HasTime("e")} THEN e.occurred_at END AS occurred_at, e.action,
            CASE WHEN {AuditSealing.CanBeSealed("e")} THEN {sealing.Text("e", "s.lane", "s.sequence")} END AS text,
            lag(s.sequence) OVER chain AS before, lag(s.hash) OVER chain AS previous, lead(s.sequence) OVER chain IS NULL AS is_last
          FROM {sealing.Seals} s FULL JOIN {sealing.Log} e ON e.id = s.entry_id
          WINDOW chain AS (PARTITION BY s.lane ORDER BY s.sequence)),
        computed AS (
          SELECT *, {AuditSealing.Hash("previous", "text")} AS computed FROM line),
        judged AS (
          SELECT lane, sequence, coalesce(entry_id, id) AS entry_id, hash, occurred_at, action, id IS NOT NULL AS is_there, is_last, coalesce(before, 0) AS before,
            hash = computed AS fits, hash = {AuditSealing.Hash("lag(computed) OVER (PARTITION BY lane ORDER BY sequence)", "text")} AS fits_computed
          FROM computed)
        SELECT * FROM judged
        WHERE lane IS NULL OR NOT is_there OR fits IS NOT TRUE OR before <> sequence - 1 OR is_last OR sequence = ($1::bigint[])[lane + 1]
        ORDER BY lane, sequence
        """;
}
