using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Onboarding.Api.Operations;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: it can serve.</summary>
internal static class Health
{
    private sealed record Report(string Status, IReadOnlyDictionary<string, CheckReport> Checks);

    private sealed record CheckReport(string Status, string? Detail);

    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks()
            .AddCheck<DatabaseCheck>("database", timeout: TimeSpan.FromSeconds(3))
            .AddCheck<SchedulerCheck>("scheduler")
            .AddCheck<MigrationsCheck>("migrations", timeout: TimeSpan.FromSeconds(3));
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Health checks answer any method unless told which, TRACE included (SEC-47).
        var health = routes.MapGroup("/health").AllowAnonymous().ExcludeFromMultiTenantResolution()
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
        health.MapHealthChecks("/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
        health.MapHealthChecks("/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new Report(
        Name(report.Status),
        report.Entries.ToDictionary(
            entry => entry.Key,
            entry => new CheckReport(Name(entry.Value.Status), entry.Value.Exception is null ? entry.Value.Description : "The check failed; see the log."))));

    private static string Name(HealthStatus status) => status.ToString().ToLowerInvariant();
}
