using System.Threading.RateLimiting;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.AuditLog;

/// <summary>How many audit logs this node has proven at once: one of each organization, and a few in all. PostgreSQL reads all of each (SEC-50).</summary>
internal sealed class VerificationPlaces : IDisposable
{
    private const int AtOnce = 4;

    private readonly PartitionedRateLimiter<Organization> places = PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<Organization, Guid>(organization => RateLimitPartition.GetConcurrencyLimiter(organization.Key, _ => new() { PermitLimit = 1 })),
        PartitionedRateLimiter.Create<Organization, bool>(_ => RateLimitPartition.GetConcurrencyLimiter(true, _ => new() { PermitLimit = AtOnce })));

    /// <summary>Takes a place, if there is one.</summary>
    public RateLimitLease Take(Organization organization) => places.AttemptAcquire(organization);

    public void Dispose() => places.Dispose();
}
