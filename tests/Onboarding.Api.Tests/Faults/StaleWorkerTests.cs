using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Tests.Faults;

[Collection(KilledNodesCollection.Name)]
public sealed class StaleWorkerTests(Nodes nodes)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    [Fact] // FAULT-19
    public async Task A_worker_that_overslept_its_lease_can_neither_complete_nor_reschedule()
    {
        // No node may work on this queue meanwhile.
        await nodes.KillAsync();
        var organization = await nodes.OrganizationAsync();
        var item = Guid.CreateVersion7();
        await organization.RunAsync(async db =>
        {
            db.Enqueue(WorkKinds.Event, item, TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync();
        });
        var queue = nodes.Quiet.Services.GetRequiredService<WorkQueue>();

        var asleep = await ClaimAsync(queue, item);
        Assert.NotNull(asleep);
        Assert.Null(await ClaimAsync(queue, item));
        await nodes.EndLeasesAsync(organization);
        var awake = await ClaimAsync(queue, item);

        Assert.Equal((asleep.Id, 2), (awake!.Id, awake.Attempt));
        Assert.False(await queue.CompleteAsync(asleep, CancellationToken.None));
        Assert.False(await queue.RetryAsync(asleep, TimeSpan.Zero, CancellationToken.None));
        Assert.Null(await ClaimAsync(queue, item));
        Assert.True(await queue.CompleteAsync(awake, CancellationToken.None));
        Assert.Equal(0, await organization.CountAsync($"platform.work WHERE ref_id = '{item}'"));
    }

    private static async Task<ClaimedWork?> ClaimAsync(WorkQueue queue, Guid item) =>
        (await queue.ClaimAsync(WorkKinds.Event, 100, Lease, CancellationToken.None)).SingleOrDefault(work => work.RefId == item);
}
