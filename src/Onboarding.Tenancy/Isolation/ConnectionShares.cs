using System.Threading.RateLimiting;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// Keeps the requests of one organization from taking all connections of the pool: each organization has so many at once, and
/// whoever of it comes then waits a little, in the order of coming, and is refused (FAULT-20, SEC-50).
/// </summary>
/// <remarks>
/// Connections and not requests are what is shared out: a request that waits for its own body, for the payment provider or for
/// a slow reader holds none, so that nobody shuts an organization out by a few slow requests. Only requests take part; jobs and
/// the queue bound themselves, and must not wait behind one organization.
/// </remarks>
public sealed class ConnectionShares : IDisposable
{
    // Whoever has begun is not sent away half-way: what it did outside would have been for nothing. About what the pool waits.
    private static readonly TimeSpan PatienceOfTheBegun = TimeSpan.FromSeconds(15);

    private readonly AsyncLocal<RequestShare?> current = new();
    private readonly PartitionedRateLimiter<Guid> connections;
    private readonly int waiting;
    private readonly TimeSpan patience;

    internal ConnectionShares(FairnessOptions options, int poolSize)
    {
        (waiting, patience) = (options.WaitingPerOrganization, options.Patience);
        var settings = new ConcurrencyLimiterOptions
        {
            PermitLimit = options.ConnectionsPerOrganization ?? Math.Max(1, Math.Min(poolSize / 2, Largest(poolSize))),
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,

            // New ones are turned away at half of it (IsFull), so that there is room for those that have begun.
            QueueLimit = 2 * waiting,
        };
        connections = PartitionedRateLimiter.Create<Guid, Guid>(organization => RateLimitPartition.GetConcurrencyLimiter(organization, _ => settings));
    }

    /// <summary>Whether so many requests of the organization wait that another one would wait in vain.</summary>
    public bool IsFull(Organization organization) => connections.GetStatistics(organization.Key) is { CurrentQueuedCount: var queued } && queued >= waiting;

    /// <summary>Begins a request of the organization: until the result is disposed, connections opened in its flow count as its.</summary>
    public RequestShare Enter(Organization organization) => current.Value = new RequestShare(this, organization.Key);

    /// <inheritdoc/>
    public void Dispose() => connections.Dispose();

    /// <summary>Whether such a share leaves something to the others.</summary>
    internal static bool Fits(FairnessOptions options, int poolSize) => options.ConnectionsPerOrganization is not { } share || share <= Largest(poolSize);

    /// <summary>The request in whose flow this is called; null outside of one.</summary>
    internal RequestShare? Current => current.Value;

    // One connection listens all the time (ClusterSignals), and one has to be there for somebody else.
    private static int Largest(int poolSize) => Math.Max(1, poolSize - 2);

    /// <exception cref="OrganizationBusyException">None became free in time, or too many wait.</exception>
    internal async ValueTask<RateLimitLease> TakeAsync(Guid organization, bool hasBegun, CancellationToken cancellationToken)
    {
        var lease = connections.AttemptAcquire(organization);
        if (!lease.IsAcquired)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(hasBegun ? PatienceOfTheBegun : patience);
            try
            {
                lease = await connections.AcquireAsync(organization, 1, limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new OrganizationBusyException();
            }
        }

        return lease.IsAcquired ? lease : throw new OrganizationBusyException();
    }
}

/// <summary>The organization's other requests use all the connections that it may have.</summary>
/// <remarks>A cancellation, because that is what giving up waiting is: EF would log anything else as a failure of the database.</remarks>
public sealed class OrganizationBusyException() : OperationCanceledException("The organization's requests use all the connections that it may have at once.");
