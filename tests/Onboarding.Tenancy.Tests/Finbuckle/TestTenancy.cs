using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.Extensions.DependencyInjection;

namespace Onboarding.Tenancy.Tests.Finbuckle;

internal sealed record TestTenant(string Id, string Identifier) : ITenantInfo;

/// <summary>Knows the given identifiers, each under the id <c>id-{identifier}</c>.</summary>
internal sealed class FixedStore(params string[] identifiers) : IMultiTenantStore<TestTenant>
{
    public List<string> Asked { get; } = [];

    public Task<TestTenant?> GetByIdentifierAsync(string identifier)
    {
        Asked.Add(identifier);
        return Task.FromResult(
            identifiers.Contains(identifier) ? new TestTenant($"id-{identifier}", identifier) : null);
    }

    public Task<bool> AddAsync(TestTenant tenantInfo) => throw new NotSupportedException();

    public Task<bool> UpdateAsync(TestTenant tenantInfo) => throw new NotSupportedException();

    public Task<bool> RemoveAsync(string identifier) => throw new NotSupportedException();

    public Task<TestTenant?> GetAsync(string id) => throw new NotSupportedException();

    public Task<IEnumerable<TestTenant>> GetAllAsync() => throw new NotSupportedException();

    public Task<IEnumerable<TestTenant>> GetAllAsync(int take, int skip) => throw new NotSupportedException();
}

/// <summary>A store whose database is down.</summary>
internal sealed class BrokenStore : IMultiTenantStore<TestTenant>
{
    public Task<TestTenant?> GetByIdentifierAsync(string identifier) => throw new TimeoutException();

    public Task<bool> AddAsync(TestTenant tenantInfo) => throw new TimeoutException();

    public Task<bool> UpdateAsync(TestTenant tenantInfo) => throw new TimeoutException();

    public Task<bool> RemoveAsync(string identifier) => throw new TimeoutException();

    public Task<TestTenant?> GetAsync(string id) => throw new TimeoutException();

    public Task<IEnumerable<TestTenant>> GetAllAsync() => throw new TimeoutException();

    public Task<IEnumerable<TestTenant>> GetAllAsync(int take, int skip) => throw new TimeoutException();
}

internal sealed class FixedStrategy(string? identifier) : IMultiTenantStrategy
{
    public int Asked { get; private set; }

    public Task<string?> GetIdentifierAsync(object context)
    {
        Asked++;
        return Task.FromResult(identifier);
    }
}

internal static class TestTenancy
{
    public static ServiceProvider Provider(Action<MultiTenantBuilder<TestTenant>> build)
    {
        var services = new ServiceCollection().AddLogging();
        build(services.AddMultiTenant<TestTenant>());
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    public static async Task<IMultiTenantContext<TestTenant>> ResolveAsync(
        Action<MultiTenantBuilder<TestTenant>> build, object? context = null)
    {
        await using var provider = Provider(build);
        await using var scope = provider.CreateAsyncScope();
        var found = await scope.ServiceProvider.GetRequiredService<ITenantResolver>().ResolveAsync(context ?? new object());
        return (IMultiTenantContext<TestTenant>)found;
    }

    public static MultiTenantBuilder<TestTenant> Ask(this MultiTenantBuilder<TestTenant> builder, IMultiTenantStrategy strategy) =>
        builder.WithStrategy(ServiceLifetime.Singleton, _ => strategy);

    public static MultiTenantBuilder<TestTenant> Ask(this MultiTenantBuilder<TestTenant> builder, string? identifier) =>
        builder.Ask(new FixedStrategy(identifier));

    public static MultiTenantBuilder<TestTenant> Know(this MultiTenantBuilder<TestTenant> builder, params string[] identifiers) =>
        builder.WithStore(ServiceLifetime.Singleton, _ => new FixedStore(identifiers));
}
