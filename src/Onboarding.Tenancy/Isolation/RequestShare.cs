using System.Data.Common;
using System.Threading.RateLimiting;

namespace Onboarding.Tenancy.Isolation;

/// <summary>What one request has of its organization's share: one place, from its first open connection to its last.</summary>
/// <remarks>
/// A second connection beside the first takes no second place, or requests could wait for one another. What is not given back
/// when a connection is closed, because it broke and nobody closes those, is given back when the request ends.
/// </remarks>
internal sealed class RequestShare(ConnectionShares shares, Guid organization) : IDisposable
{
    private readonly HashSet<DbConnection> open = new(ReferenceEqualityComparer.Instance);
    private RateLimitLease? place;
    private bool hasBegun;
    private bool hasEnded;

    /// <summary>Waits for a place, unless the request has one.</summary>
    /// <exception cref="OrganizationBusyException">There was none in time.</exception>
    public async ValueTask TakeAsync(DbConnection connection, CancellationToken cancellationToken)
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

    /// <summary>Notes that a connection was closed, or could not be opened.</summary>
    public void GiveBack(DbConnection connection)
    {
        lock (open)
        {
            if (open.Remove(connection) && open.Count == 0)
            {
                place?.Dispose();
                place = null;
            }
        }
    }

    public void Dispose()
    {
        lock (open)
        {
            hasEnded = true;
            open.Clear();
            place?.Dispose();
            place = null;
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
}
