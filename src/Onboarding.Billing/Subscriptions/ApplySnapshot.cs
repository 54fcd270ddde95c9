using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;

namespace Onboarding.Billing.Subscriptions;

/// <summary>A fetch that has begun.</summary>
/// <param name="Number">Its place among all fetches of the customer.</param>
public sealed record Fetch(Guid CustomerId, long Number, string Provider, string ExternalId, DateTimeOffset BegunAt);

/// <summary>What came of writing what a fetch saw.</summary>
/// <param name="PlanChanged">Whether the organization has another plan.</param>
/// <param name="Told">Whether there are events to be told.</param>
/// <param name="Drifted">Whether something had changed of which nobody had told.</param>
/// <param name="Until">When something changes by itself.</param>
public sealed record Applied(bool PlanChanged, bool Told, bool Drifted, DateTimeOffset? Until)
{
    /// <summary>Nothing was written.</summary>
    public static Applied Nothing { get; } = new(false, false, false, null);
}

/// <summary>Writes what a fetch saw, with the plan that follows from it and the events about it, in one transaction.</summary>
public sealed partial class ApplySnapshot(
    IDbContextFactory<BillingDbContext> billing, NpgsqlDataSource dataSource, PlanCatalogue catalogue, IOptions<BillingOptions> options, TimeProvider clock, ILogger<ApplySnapshot> logger)
{
    /// <summary>Writes it, unless a later fetch was faster.</summary>
    public async Task<Applied> RunAsync(Organization organization, Fetch fetch, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        await using var db = await billing.CreateDbContextAsync(cancellationToken);
        return await db.Database.CreateExecutionStrategy().ExecuteAsync(
            async cancellation =>
            {
                db.ChangeTracker.Clear();
                await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
                var result = await ApplyAsync(db, (NpgsqlTransaction)transaction.GetDbTransaction(), organization, fetch, snapshot, cancellation);
                await transaction.CommitAsync(cancellation);
                return result;
            },
            cancellationToken);
    }

    private async Task<Applied> ApplyAsync(
        BillingDbContext db, NpgsqlTransaction transaction, Organization organization, Fetch fetch, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var customer = await db.Customers.FromSql($"SELECT * FROM billing.customers WHERE id = {fetch.CustomerId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        var asked = customer?.AskedAt > (customer?.CheckedAt ?? DateTimeOffset.MinValue);
        var merge = new SnapshotMerge(db, catalogue, organization, now);
        if (customer is null)
        {
            return Applied.Nothing;
        }

        if (!customer.Apply(fetch.Number, snapshot.IsDeleted, merge.AnomalyOf(snapshot), fetch.BegunAt))
        {
            // What the later one found still has its time.
            var stored = await db.Subscriptions.AsNoTracking().Where(s => s.CustomerId == customer.Id).ToListAsync(cancellationToken);
            return Applied.Nothing with { Until = Standing.Of(stored, options.Value.Grace, now).Until };
        }

        await merge.RunAsync(customer, snapshot, cancellationToken);
        var isNew = merge.Events.Count > 0;
        var standing = Standing.Of(merge.Subscriptions, options.Value.Grace, now);
        var planChanged = await ChangePlanAsync(db, organization, merge, standing, now, cancellationToken);
        if (customer.Anomaly is { } anomaly)
        {
            Odd(organization.Id, anomaly);
        }

        // Asked before they are marked as done: who was told of a change has not drifted.
        var told = asked || await db.Callbacks.AnyAsync(c => c.CustomerId == customer.Id && c.State == CallbackState.Received, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"UPDATE billing.callbacks SET state = 'applied' WHERE customer_id = {customer.Id} AND state = 'received' AND received_at <= {fetch.BegunAt}", cancellationToken);
        await using var batch = TenantBatch.In(dataSource, transaction);
        if (merge.Events.Count > 0)
        {
            OutboxRows.Add(batch, organization, merge.Events);
        }

        await batch.ExecuteAsync(cancellationToken);
        return new(planChanged, merge.Events.Count > 0, !told && isNew, standing.Until);
    }

    private async Task<bool> ChangePlanAsync(BillingDbContext db, Organization organization, SnapshotMerge merge, Standing standing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // What this build cannot read changes nothing: neither does it grant, nor does it take away.
        var plan = standing switch
        {
            { Phase: SubscriptionPhase.None or SubscriptionPhase.Unrecognized } => null,
            { Grants: true } => standing.Subscription!.Plan,
            _ => catalogue.Default.Key,
        };
        if (plan is null)
        {
            return false;
        }

        var before = (await db.Database.SqlQuery<string>($"""SELECT plan AS "Value" FROM platform.organizations WHERE id = {organization.Key} FOR NO KEY UPDATE""").ToListAsync(cancellationToken)).FirstOrDefault();
        if (before is null || before == plan)
        {
            return false;
        }

        await db.Database.ExecuteSqlAsync($"UPDATE platform.organizations SET plan = {plan}, changed_at = clock_timestamp() WHERE id = {organization.Key}", cancellationToken);
        merge.Events.Add(new OrganizationPlanChanged(before, plan, now));
        return true;
    }

    [LoggerMessage(LogLevel.Error, "Billing of organization {Organization}: {Anomaly}")]
    private partial void Odd(string organization, string anomaly);
}
