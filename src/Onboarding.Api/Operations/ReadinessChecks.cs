using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Onboarding.Api.Jobs;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Quartz;

namespace Onboarding.Api.Operations;

/// <summary>PostgreSQL answers, and the shared schema is there.</summary>
internal sealed class DatabaseCheck(IDbContextFactory<PlatformDbContext> platform) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.Organizations.AnyAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}

/// <summary>Both schedulers run.</summary>
internal sealed class SchedulerCheck(
    [FromKeyedServices(JobScheduling.Node)] ISchedulerFactory node, [FromKeyedServices(JobScheduling.Cluster)] ISchedulerFactory cluster) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var factory in new[] { node, cluster })
        {
            var scheduler = await factory.GetScheduler(cancellationToken);
            if (scheduler.Status != SchedulerStatus.Running)
            {
                return HealthCheckResult.Unhealthy($"Scheduler '{scheduler.SchedulerName}' does not run.");
            }
        }

        return HealthCheckResult.Healthy();
    }
}

/// <summary>Names organizations that are behind (FAULT-17). Ready all the same: they are few, and the others are served.</summary>
/// <remarks>Anybody may read it: an identifier is a host name, which is no secret. Why one is behind is said by <c>migrations status</c> alone.</remarks>
internal sealed class MigrationsCheck(MigrateOrganizations migrations) : IHealthCheck
{
    private const int Named = 10;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var laggards = await migrations.LaggardsAsync(Named, cancellationToken);
        if (laggards.Behind == 0)
        {
            return HealthCheckResult.Healthy();
        }

        var others = laggards.Behind - laggards.Named.Count;
        return HealthCheckResult.Degraded(
            $"{laggards.Behind} organizations are behind, {laggards.Quarantined} of them quarantined: {string.Join(", ", laggards.Named)}{(others > 0 ? $" and {others} more" : "")}");
    }
}
