using Finbuckle.MultiTenant.Abstractions;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Fetches the state of the customers of whom something is to be heard. Like the others it runs on every node, woken by <see cref="QueueBell"/>.</summary>
[DisallowConcurrentExecution]
internal sealed class DrainBilling(WorkQueue queue, WorkRunner runner, QueueBell bell) : IJob
{
    // Nearly all of its time each waits for the provider, with no connection to the database held.
    private const int AtOnce = 16;

    /// <summary>How soon what came meanwhile is looked for.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long a node that dies keeps a customer from the others. A fetch may take longer: then two are under way, and of
    /// two the later one counts (BILL-9).
    /// </summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        // A customer whose fetch hangs holds up nobody who comes after.
        var running = new HashSet<Task>();
        do
        {
            bell.Answer<DrainBilling>();
            var claimed = running.Count < AtOnce && !cancellationToken.IsCancellationRequested ? await queue.ClaimAsync(WorkKinds.Billing, AtOnce - running.Count, Lease, cancellationToken) : [];
            running.UnionWith(claimed.Select(work => runner.RunAsync([work], cancellationToken)));
            if (running.Count > 0)
            {
                await Task.WhenAny(Task.WhenAny(running), Task.Delay(Look, CancellationToken.None));
                running.RemoveWhere(task => task.IsCompleted);
            }
        }
        while (running.Count > 0);
    }
}

/// <summary>Follows one customer.</summary>
internal sealed class SyncBilling(CustomerSync sync, IMultiTenantContextAccessor<Organization> tenant) : IWorkHandler
{
    public async Task<TimeSpan?> HandleAsync(ClaimedWork work, CancellationToken cancellationToken) =>
        (await sync.RunAsync(tenant.MultiTenantContext.TenantInfo!, work.RefId, cancellationToken)).Again;
}

/// <summary>Once an hour, for customers with a living subscription: makes good for callbacks that never came.</summary>
[DisallowConcurrentExecution]
internal sealed class ReconcileBilling(Reconciliation reconciliation) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await reconciliation.RunAsync(everybody: false, cancellationToken);
}

/// <summary>Once a day, for every customer.</summary>
[DisallowConcurrentExecution]
internal sealed class ReconcileAllBilling(Reconciliation reconciliation) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await reconciliation.RunAsync(everybody: true, cancellationToken);
}
