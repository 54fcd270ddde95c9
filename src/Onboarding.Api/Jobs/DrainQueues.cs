using Onboarding.Tenancy.Work;
using Onboarding.Webhooks.Deliveries;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once a second: what falls due by itself, and what no bell was heard for.</summary>
[DisallowConcurrentExecution]
internal sealed class LookForWork(QueueBell bell) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await bell.RingAsync(cancellationToken);
}

/// <summary>Sends the mails that are due. Like the others it runs on every node, woken by <see cref="QueueBell"/>.</summary>
[DisallowConcurrentExecution]
internal sealed class DrainEmails(WorkQueue queue, WorkRunner runner, QueueBell bell) : IJob
{
    private const int Batch = 64;

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer<DrainEmails>();
        IReadOnlyList<ClaimedWork> claimed;
        do
        {
            claimed = await queue.ClaimAsync(WorkKinds.Email, Batch, WorkRunner.Lease, cancellationToken);
            await runner.RunAsync(claimed, cancellationToken);
        }
        while (claimed.Count == Batch && !cancellationToken.IsCancellationRequested);
    }
}

/// <summary>Tells events that are due: to webhooks, many at once, and to whoever else waits for them.</summary>
[DisallowConcurrentExecution]
internal sealed class DrainEvents(WorkQueue queue, WorkRunner runner, FanOut webhooks, QueueBell bell) : IJob
{
    private const int Batch = 256;

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer<DrainEvents>();
        IReadOnlyList<ClaimedWork> claimed;
        do
        {
            claimed = await queue.ClaimAsync(WorkKinds.Event, Batch, WorkRunner.Lease, cancellationToken);
            var events = new List<ClaimedEvent>(claimed.Count);
            foreach (var work in claimed)
            {
                if (await runner.AdmitAsync(work) is { } organization)
                {
                    events.Add(new(work, organization));
                }
            }

            var told = await TellWebhooksAsync(events);
            await runner.GiveBackAsync([.. told.Failed.Select(e => e.Work)]);
            await runner.RunAsync([.. told.Awaited.Select(e => e.Work)], cancellationToken);
        }
        while (claimed.Count == Batch && !cancellationToken.IsCancellationRequested);
    }

    // Two round trips, which a stop can wait for.
    private async Task<ToldEvents> TellWebhooksAsync(IReadOnlyList<ClaimedEvent> events)
    {
        try
        {
            return await webhooks.RunAsync(events, EventConsumers.Await, CancellationToken.None);
        }
        catch
        {
            await runner.GiveBackAsync([.. events.Select(e => e.Work)]);
            throw;
        }
    }
}

/// <summary>Gives webhook endpoints for which something is due their turns.</summary>
[DisallowConcurrentExecution]
internal sealed class DrainDeliveries(DeliveryQueue queue, QueueBell bell) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer<DrainDeliveries>();
        try
        {
            await queue.DrainAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops; what was claimed is due again when its lease ends.
        }
    }
}
