using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Jobs;

/// <summary>Does what one kind of work item points to, inside a scope of the organization that it belongs to.</summary>
internal interface IWorkHandler
{
    /// <summary>Does it. Null when it is finished, well or for good; else how long to wait before the next try.</summary>
    /// <remarks>It may run twice for one item (a worker can die between doing and recording), so it has to bear that.</remarks>
    Task<TimeSpan?> HandleAsync(ClaimedWork work, CancellationToken cancellationToken);
}
