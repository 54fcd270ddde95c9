using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once an hour, on every node that has the owner's login: deletes organizations whose grace has ended (SEC-7). Of several nodes one does it.</summary>
/// <remarks>Not a job of the cluster: that runs on any node, also on one that may not drop a schema.</remarks>
[DisallowConcurrentExecution]
internal sealed class PurgeLeaving(OwnerDataSource owner, RemoveOrganization remove) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        if (owner.IsConfigured)
        {
            await remove.RunDueAsync(cancellationToken);
        }
    }
}
