using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Jobs;

/// <summary>Does what claimed pointers point to, a few at a time, each inside a scope of its organization.</summary>
internal sealed partial class WorkRunner(
    WorkQueue queue, CachedOrganizationStore organizations, TenantScope tenants, TenantSchema schema, TimeProvider clock, ILogger<WorkRunner> logger)
{
    /// <summary>Longer than anything a handler may take (one SMTP send), so that a live worker is never overtaken.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>What waits longer behind slow siblings goes back: its lease could end while it is handled.</summary>
    private static readonly TimeSpan Begin = TimeSpan.FromMinutes(1);

    /// <summary>How long a stop waits for what has begun; a whole stop takes less than 10 s.</summary>
    public static readonly TimeSpan WhileStopping = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UntilItServes = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WhileProvisioning = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WhileSuspended = TimeSpan.FromMinutes(1);

    // More would only wait for the pool of connections, which requests need too.
    private static readonly int Parallelism = Math.Max(2, Environment.ProcessorCount);

    /// <param name="claimed">What was claimed a moment ago.</param>
    /// <param name="cancellationToken">The node stops: what has not begun goes back.</param>
    public async Task RunAsync(IReadOnlyList<ClaimedWork> claimed, CancellationToken cancellationToken)
    {
        // What has begun is finished even when the node is stopping, as long as the stop can wait: giving up in the
        // middle of a send leaves it unknown whether it was sent.
        using var giveUp = new CancellationTokenSource();
        await using var stopping = cancellationToken.Register(() => giveUp.CancelAfter(WhileStopping));
        var claimedAt = clock.GetTimestamp();
        await Parallel.ForEachAsync(
            claimed,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = CancellationToken.None },
            async (work, _) => await (cancellationToken.IsCancellationRequested || clock.GetElapsedTime(claimedAt) > Begin
                ? TryPutOffAsync(work, TimeSpan.Zero)
                : HandleAsync(work, giveUp.Token)));
    }

    /// <summary>The organization of a pointer; null when it does not serve, and then the pointer waits or ends with it.</summary>
    public async Task<Organization?> AdmitAsync(ClaimedWork work)
    {
        var organization = await organizations.GetAsync(work.OrganizationId.ToString());
        if (organization?.Status == OrganizationStatus.Provisioning && work.Kind != WorkKinds.Found)
        {
            // Its founder is there, waits for a mail, and in a moment it serves. Put off, that would wait for the next look.
            await Task.Delay(UntilItServes);
            organization = await organizations.GetAsync(work.OrganizationId.ToString());
        }

        switch (organization?.Status)
        {
            case OrganizationStatus.Active when organization.SchemaVersion >= schema.OldestServed:
                return organization;

            // Whoever is suspended goes on paying, or stops: what the provider says counts at once. Whoever is leaving may have
            // paid at the last moment, and is not deleted then.
            case OrganizationStatus.Suspended or OrganizationStatus.Deleting when work.Kind == WorkKinds.Billing && organization.SchemaVersion >= schema.OldestServed:
                return organization;

            // Whoever is to set it up is not to wait for that.
            case OrganizationStatus.Provisioning when work.Kind == WorkKinds.Found:
                return organization;

            // Whoever set it up has stopped in between; another one goes on.
            case OrganizationStatus.Provisioning:
                await TryPutOffAsync(work, WhileProvisioning);
                return null;

            // Pauses with the organization, or while it is upgraded, and goes on with it.
            case OrganizationStatus.Active or OrganizationStatus.Suspended:
                await TryPutOffAsync(work, WhileSuspended);
                return null;

            // Kept until all of it is deleted: who is restored goes on where they stopped (SEC-7).
            case OrganizationStatus.Deleting:
                await TryPutOffAsync(work, WorkQueue.WhileLeaving);
                return null;

            default:
                await queue.CompleteAsync(work, CancellationToken.None);
                return null;
        }
    }

    /// <summary>Gives back what failed before it was begun, to be tried again soon.</summary>
    public async Task GiveBackAsync(IReadOnlyList<ClaimedWork> claimed)
    {
        try
        {
            await queue.RetryAsync(claimed, AfterFailure, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // The leases bring them back.
            NotGivenBack(exception, claimed.Count);
        }
    }

    private async Task HandleAsync(ClaimedWork work, CancellationToken giveUp)
    {
        try
        {
            if (await AdmitAsync(work) is not { } organization)
            {
                return;
            }

            var wait = await tenants.RunAsync(organization, services => services.GetRequiredKeyedService<IWorkHandler>(work.Kind).HandleAsync(work, giveUp));
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

    private Task TryPutOffAsync(ClaimedWork work, TimeSpan delay) => TryAsync(work, () => queue.PutOffAsync(work, delay, CancellationToken.None));

    private Task TryGiveBackAsync(ClaimedWork work, TimeSpan delay) => TryAsync(work, () => queue.RetryAsync(work, delay, CancellationToken.None));

    private async Task TryAsync(ClaimedWork work, Func<Task> giveBack)
    {
        try
        {
            await giveBack();
        }
        catch (Exception exception)
        {
            // The lease brings it back.
            Failed(exception, work.Kind, work.Id, work.Attempt);
        }
    }

    [LoggerMessage(LogLevel.Error, "{Count} work items that were not begun could not be given back; they are tried again when their leases have ended.")]
    private partial void NotGivenBack(Exception exception, int count);

    [LoggerMessage(LogLevel.Error, "Work item {Id} of kind {Kind} failed at attempt {Attempt}; it will be tried again.")]
    private partial void Failed(Exception exception, string kind, Guid id, int attempt);
}
