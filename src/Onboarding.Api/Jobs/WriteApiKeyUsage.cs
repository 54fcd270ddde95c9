using Microsoft.Extensions.Options;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Api.Jobs;

/// <summary>Writes down once a minute what API keys were used for, and once more when the node stops: one statement an organization.</summary>
/// <remarks>No request waits for it. A node that is killed takes at most one interval with it.</remarks>
internal sealed partial class WriteApiKeyUsage(
    CountedApiKeys counted, ApiRequestQuota quota, TenantScope tenants, IOptions<ApiKeyOptions> options, ILogger<WriteApiKeyUsage> logger) : BackgroundService
{
    // The server has stopped before: hosted services end in the reverse order of their start.
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
        await quota.GiveBackAsync(all: true, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Real time: a test's clock must not stop the threads.
        using var timer = new PeriodicTimer(options.Value.UsageInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync(stoppingToken);
                await quota.GiveBackAsync(all: false, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not written yet is written by StopAsync.
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var (organization, uses) in counted.Take())
        {
            try
            {
                await tenants.RunAsync(organization, services => ApiKeyUsage.AddAsync(services.GetRequiredService<TenantDbContext>(), uses, cancellationToken));
            }
            catch (Exception exception)
            {
                // Kept for the next time, unless the organization may be gone for good.
                NotWritten(exception, organization.Id);
                if (exception is OperationCanceledException || TransientFailures.IsDatabaseAway(exception))
                {
                    foreach (var use in uses)
                    {
                        counted.Add(organization, use);
                    }
                }
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The use of API keys of organization {Organization} could not be written down.")]
    private partial void NotWritten(Exception exception, string organization);
}
