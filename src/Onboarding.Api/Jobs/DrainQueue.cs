using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Works off what is due in the queue. Runs on every node: woken by <see cref="QueueBell"/>, at the latest after a second.</summary>
[DisallowConcurrentExecution]
internal sealed partial class DrainQueue(
    WorkQueue queue, CachedOrganizationStore organizations, TenantScope tenants, QueueBell bell, TimeProvider clock, ILogger<DrainQueue> logger) : IJob
{
    public static readonly JobKey Key = new("drain-queue");

    /// <summary>Longer than anything a handler may take (one SMTP send), so that a live worker is never overtaken.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>What waits longer behind slow siblings goes back: its lease could end while it is handled.</summary>
    private static readonly TimeSpan Begin = TimeSpan.FromMinutes(1);

    /// <summary>How long a stop waits for what has begun; a whole stop takes less than 10 s.</summary>
    private static readonly TimeSpan WhileStopping = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WhileSuspended = TimeSpan.FromMinutes(1);
    private const int Batch = 64;

    // More would only wait for the pool of connections, which requests need too.
    private static readonly int Parallelism = Math.Max(2, Environment.ProcessorCount);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer();
        while (!cancellationToken.IsCancellationRequested)
        {
            var claimed = await queue.ClaimAsync(Batch, Lease, cancellationToken);

            // What has begun is finished even when the node is stopping, as long as the stop can wait: giving up in the
            // middle of a send leaves it unknown whether it was sent. What has not begun goes back.
            using var giveUp = new CancellationTokenSource();
            await using var stopping = cancellationToken.Register(() => giveUp.CancelAfter(WhileStopping));
            var claimedAt = clock.GetTimestamp();
            await Parallel.ForEachAsync(
                claimed,
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = CancellationToken.None },
                async (work, _) => await (cancellationToken.IsCancellationRequested || clock.GetElapsedTime(claimedAt) > Begin
                    ? TryGiveBackAsync(work, TimeSpan.Zero)
                    : HandleAsync(work, giveUp.Token)));
            if (claimed.Count < Batch)
            {
                return;
            }
        }
    }

    private async Task HandleAsync(ClaimedWork work, CancellationToken giveUp)
    {
        try
        {
            var wait = await RunAsync(work, giveUp);
            await (wait is { } delay
                ? queue.RetryAsync(work, delay, CancellationToken.None)
                : queue.CompleteAsync(work, CancellationToken.None));
        }
        catch (Exception exception)
        {
            Failed(exception, work.Kind, work.Id, work.Attempt);
            await TryGiveBackAsync(work, giveUp.IsCancellationRequested ? TimeSpan.Zero : AfterFailure * Math.Min(work.Attempt, 20));
        }
    }

    private async Task<TimeSpan?> RunAsync(ClaimedWork work, CancellationToken giveUp)
    {
        var organization = await organizations.GetAsync(work.OrganizationId.ToString());
        return organization?.Status switch
        {
            OrganizationStatus.Active => await tenants.RunAsync(
                organization, services => services.GetRequiredKeyedService<IWorkHandler>(work.Kind).HandleAsync(work, giveUp)),

            // Pauses with the organization and goes on with it.
            OrganizationStatus.Suspended or OrganizationStatus.Provisioning => WhileSuspended,
            _ => null,
        };
    }

    private async Task TryGiveBackAsync(ClaimedWork work, TimeSpan delay)
    {
        try
        {
            await queue.RetryAsync(work, delay, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // The lease brings it back.
            Failed(exception, work.Kind, work.Id, work.Attempt);
        }
    }

    [LoggerMessage(LogLevel.Error, "Work item {Id} of kind {Kind} failed at attempt {Attempt}; it will be tried again.")]
    private partial void Failed(Exception exception, string kind, Guid id, int attempt);
}
