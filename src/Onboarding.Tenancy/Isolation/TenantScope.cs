using Finbuckle.MultiTenant.Abstractions;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Runs work outside a request as one organization: jobs, the queue, the command line.</summary>
/// <remarks>The organization comes with the work's own data; nothing ambient of a request is looked at.</remarks>
public sealed class TenantScope(IServiceScopeFactory scopes, IMultiTenantContextSetter setter)
{
    /// <summary>Runs <paramref name="work"/> with services of its own that belong to <paramref name="organization"/>.</summary>
    public async Task<T> RunAsync<T>(Organization organization, Func<IServiceProvider, Task<T>> work)
    {
        // Set inside this async method, the context ends with it: it cannot leak to the caller or to a sibling.
        setter.MultiTenantContext = new MultiTenantContext<Organization>(organization);
        await using var scope = scopes.CreateAsyncScope();
        return await work(scope.ServiceProvider);
    }

    /// <summary>The same for work without a result.</summary>
    public Task RunAsync(Organization organization, Func<IServiceProvider, Task> work) =>
        RunAsync<object?>(organization, async services =>
        {
            await work(services);
            return null;
        });
}
