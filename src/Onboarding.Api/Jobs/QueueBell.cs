using System.Collections.Concurrent;
using System.Diagnostics;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Wakes the jobs that drain the queue when something is due: what was put into it here at once, elsewhere by NOTIFY, the rest within a second.</summary>
/// <remarks>
/// A ring asks once what is due and wakes those jobs alone. However often it rings, one extra run of each waits, until it has
/// waited for so long that it may be lost. The flag falls before the drain reads, so work committed before a ring is always seen
/// by a run that starts after it. Many commits are one NOTIFY.
/// </remarks>
internal sealed partial class QueueBell(
    [FromKeyedServices(JobScheduling.Node)] ISchedulerFactory schedulers, WorkQueue queue, WorkSignal signal, ClusterSignals cluster, TimeProvider clock, ILogger<QueueBell> logger)
    : BackgroundService
{
    // So short that nobody notices, so long that a thousand commits a second are fifty looks and fifty notifications, and that
    // those of many nodes are no more looks.
    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(20);

    /// <summary>A job that could not be made never answers.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Type, long> ringing = new();

    private readonly string self = Ids.New(clock.GetUtcNow()).ToString("N");

    /// <summary>A node says that something is due; this one need not hear itself.</summary>
    public void Hear(string node)
    {
        if (node != self)
        {
            signal.Hear();
        }
    }

    /// <summary>Wakes the drains of this node for which something is due.</summary>
    public async ValueTask RingAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in await queue.DueAsync(JobScheduling.Drains.Keys, cancellationToken))
        {
            var job = JobScheduling.Drains[kind];
            if (!ringing.TryGetValue(job, out var since) || Stopwatch.GetElapsedTime(since) > Unanswered)
            {
                ringing[job] = Stopwatch.GetTimestamp();
                var scheduler = await schedulers.GetScheduler(cancellationToken);
                await scheduler.TriggerJob(JobScheduling.KeyOf(job), cancellationToken);
            }
        }
    }

    /// <summary>A drain has heard; the next ring starts another run of it.</summary>
    public void Answer<TJob>()
        where TJob : IJob => ringing.TryRemove(typeof(TJob), out _);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var isNews = await signal.WaitAsync(stoppingToken);
            try
            {
                await RingAsync(stoppingToken);
                await Task.Delay(Coalesce, stoppingToken);
                if (isNews)
                {
                    await cluster.NotifyAsync(ClusterSignals.Work, self, stoppingToken);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // Every node looks by itself once a second.
                Failed(exception);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The work queue's bell did not ring; the poll takes over.")]
    private partial void Failed(Exception exception);
}
