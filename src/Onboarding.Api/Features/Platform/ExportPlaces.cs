using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy;

namespace Onboarding.Api.Features.Platform;

/// <summary>How many exports this node serves at once: each holds a connection of the database for as long as it is read (SEC-50).</summary>
internal sealed class ExportPlaces(IOptions<ExportOptions> options) : IDisposable
{
    private readonly ConcurrencyLimiter places = new(new() { PermitLimit = options.Value.AtOnce });

    /// <summary>Takes a place, if there is one.</summary>
    public RateLimitLease Take() => places.AttemptAcquire();

    public void Dispose() => places.Dispose();
}
