using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Jobs;

/// <summary>Runs something once for each organization that serves, a few at a time. One in which it fails stops no other.</summary>
internal sealed partial class EveryOrganization(
    IDbContextFactory<PlatformDbContext> platform, TenantScope tenants, TenantSchema schema, ILogger<EveryOrganization> logger)
{
    private const int Page = 500;

    // More would only wait for the pool of connections, which requests need too.
    private static readonly int Parallelism = Math.Max(2, Environment.ProcessorCount);

    public async Task RunAsync(Func<TenantDbContext, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        IReadOnlyList<Organization> page = [];
        do
        {
            page = await NextAsync(page.Count == 0 ? Guid.Empty : page[^1].Key, cancellationToken);
            await Parallel.ForEachAsync(
                page,
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
                async (organization, cancellation) => await TryAsync(organization, work, cancellation));
        }
        while (page.Count == Page);
    }

    private async Task<IReadOnlyList<Organization>> NextAsync(Guid after, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await db.Organizations
            .FromSql($"SELECT * FROM platform.organizations WHERE status = 'active' AND schema_version >= {schema.OldestServed} AND id > {after} ORDER BY id LIMIT {Page}")
            .AsNoTracking().ToListAsync(cancellationToken);
    }

    private async Task TryAsync(Organization organization, Func<TenantDbContext, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await tenants.RunAsync(organization, services => work(services.GetRequiredService<TenantDbContext>(), cancellationToken));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failed(exception, organization.Id);
        }
    }

    [LoggerMessage(LogLevel.Error, "A job failed for organization {Organization}; it runs again at its next time.")]
    private partial void Failed(Exception exception, string organization);
}
