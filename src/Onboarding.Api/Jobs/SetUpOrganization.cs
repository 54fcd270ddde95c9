using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Sets up organizations that were registered and that nobody has set up at once. Nodes without the owner's login leave them alone.</summary>
[DisallowConcurrentExecution]
internal sealed class DrainFoundings(WorkQueue queue, WorkRunner runner, OwnerDataSource owner, QueueBell bell) : IJob
{
    private const int Batch = 8;

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer<DrainFoundings>();
        if (!owner.IsConfigured)
        {
            return;
        }

        IReadOnlyList<ClaimedWork> claimed;
        do
        {
            claimed = await queue.ClaimAsync(WorkKinds.Found, Batch, WorkRunner.Lease, cancellationToken);
            await runner.RunAsync(claimed, cancellationToken);
        }
        while (claimed.Count == Batch && !cancellationToken.IsCancellationRequested);
    }
}

/// <summary>Sets up one.</summary>
internal sealed class SetUpOrganization(FoundOrganization found, PlatformDbContext db, IMultiTenantContextAccessor<Organization> tenant) : IWorkHandler
{
    public async Task<TimeSpan?> HandleAsync(ClaimedWork work, CancellationToken cancellationToken)
    {
        var signUp = await db.SignUps.AsNoTracking().SingleAsync(s => s.Id == work.RefId, cancellationToken);
        await found.SetUpAsync(tenant.MultiTenantContext.TenantInfo!, signUp, cancellationToken);
        return null;
    }
}
