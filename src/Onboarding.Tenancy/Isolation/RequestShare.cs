using System.Data.Common;
using System.Diagnostics;
using System.Threading.RateLimiting;

namespace Onboarding.Tenancy.Isolation;

/// <summary>What one request has of its organization's share: one place, from its first open connection to its last.</summary>
/// <remarks>
/// A second connection beside the first takes no second place, or requests could wait for one another. What is not given back
/// when a connection is closed, because it broke and nobody closes those, is given back when the request ends.
/// </remarks>
public sealed class RequestShare : IDisposable
{
    private readonly ConnectionShares shares;
    private readonly Guid organization;
    private readonly HashSet<DbConnection> open = new(ReferenceEqualityComparer.Instance);
    private RateLimitLease? place;
    private long? since;
    private bool hasBegun;
    private bool hasEnded;

    internal RequestShare(ConnectionShares shares, Guid organization) => (this.shares, this.organization) = (shares, organization);

    /// <summary>For how long it had a connection; whole when it was disposed. Waiting for one does not count.</summary>
    public TimeSpan Held { get; private set; }

    /// <summary>Waits for a place, unless the request has one.</summary>
    /// <exception cref="OrganizationBusyException">There was none in time.</exception>
    internal async ValueTask TakeAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        lock (open)
        {
            // What outlives its request belongs to nobody's.
            if (hasEnded || !open.Add(connection) || open.Count > 1)
            {
                return;
            }
        }

        try
        {
            Keep(await shares.TakeAsync(organization, hasBegun, cancellationToken));
        }
        catch
        {
            GiveBack(connection);
            throw;
        }
    }

    /// <summary>Notes that there is a connection now.</summary>
    internal void Begin()
    {
        lock (open)
        {
            since ??= Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Notes that a connection was closed, or could not be opened.</summary>
    internal void GiveBack(DbConnection connection)
    {
        lock (open)
        {
            if (open.Remove(connection) && open.Count == 0)
            {
                Leave();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (open)
        {
            hasEnded = true;
            open.Clear();
            Leave();
        }
    }

    private void Keep(RateLimitLease lease)
    {
        lock (open)
        {
            hasBegun = true;
            if (hasEnded || open.Count == 0)
            {
                lease.Dispose();
            }
            else
            {
                place = lease;
            }
        }
    }

    private void Leave()
    {
        Held += since is { } begin ? Stopwatch.GetElapsedTime(begin) : TimeSpan.Zero;
        place?.Dispose();
        (place, since) = (null, null);
    }
}
