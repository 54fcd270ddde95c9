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

/// <summary>Names the organizations that are behind. Ready all the same: they are few, and the others are served.</summary>
internal sealed class MigrationsCheck(MigrateOrganizations migrations) : IHealthCheck
{
    private const int Named = 20;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var behind = await migrations.BehindAsync(cancellationToken);
        return behind.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"{behind.Count} organizations are behind: {string.Join(", ", behind.Take(Named).Select(o => o.Identifier))}");
    }
}
