using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.Extensions.DependencyInjection;

namespace Onboarding.Tenancy.Tests.Finbuckle;

public sealed class AccessorTests : IDisposable
{
    private readonly ServiceProvider _provider = TestTenancy.Provider(_ => { });

    private IMultiTenantContextAccessor<TestTenant> Accessor =>
        _provider.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>();

    private string? Current => Accessor.MultiTenantContext.TenantInfo?.Identifier;

    public void Dispose() => _provider.Dispose();

    [Fact]
    public async Task Without_a_tenant_the_context_is_unresolved_and_never_null()
    {
        await Task.Yield();

        Assert.NotNull(Accessor.MultiTenantContext);
        Assert.False(Accessor.MultiTenantContext.IsResolved);
        Assert.Null(Accessor.MultiTenantContext.TenantInfo);
        Assert.Same(Accessor.MultiTenantContext, Accessor.MultiTenantContext);
    }

    [Fact]
    public async Task The_tenant_flows_into_awaited_calls_and_new_tasks()
    {
        Set("acme");

        await Task.Yield();
        Assert.Equal("acme", Current);
        Assert.Equal("acme", await Task.Run(() => Current, TestContext.Current.CancellationToken));
        Assert.Equal("acme", await ReadLaterAsync());

        async Task<string?> ReadLaterAsync()
        {
            await Task.Delay(1, TestContext.Current.CancellationToken).ConfigureAwait(false);
            return Current;
        }
    }

    [Fact]
    public async Task A_tenant_set_in_a_called_method_does_not_reach_the_caller()
    {
        Set("acme");

        Assert.Equal("globex", await SwitchAsync());
        Assert.Equal("acme", Current);

        async Task<string?> SwitchAsync()
        {
            Set("globex");
            await Task.Yield();
            return Current;
        }
    }

    [Fact]
    public async Task Parallel_flows_never_see_each_others_tenant()
    {
        const int flows = 16;
        using var allSet = new CountdownEvent(flows);

        var seen = await Task.WhenAll(Enumerable.Range(0, flows).Select(flow => Task.Factory.StartNew(
            () =>
            {
                Set($"tenant-{flow}");
                allSet.Signal();
                // Nobody reads before everybody has written.
                Assert.True(allSet.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
                return Current;
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(Enumerable.Range(0, flows).Select(flow => $"tenant-{flow}"), seen);
    }

    [Fact]
    public async Task A_job_sets_its_tenant_in_its_scope_and_the_next_job_starts_without_one()
    {
        Assert.Equal("acme", await RunJobAsync("acme"));
        Assert.Equal("globex", await RunJobAsync("globex"));
        Assert.Null(await RunJobAsync(null));
        Assert.Null(Current);

        async Task<string?> RunJobAsync(string? tenant)
        {
            await using var scope = _provider.CreateAsyncScope();
            Assert.Null(Current);
            if (tenant is not null)
            {
                scope.ServiceProvider.GetRequiredService<IMultiTenantContextSetter>().MultiTenantContext =
                    new MultiTenantContext<TestTenant>(new TestTenant("1", tenant));
            }

            await Task.Yield();
            return scope.ServiceProvider.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>()
                .MultiTenantContext.TenantInfo?.Identifier;
        }
    }

    [Fact]
    public async Task Setting_null_leaves_an_unresolved_context()
    {
        Set("acme");
        _provider.GetRequiredService<IMultiTenantContextSetter>().MultiTenantContext = null!;
        await Task.Yield();

        Assert.False(Accessor.MultiTenantContext.IsResolved);
    }

    [Fact]
    public async Task The_setter_refuses_a_tenant_of_another_type()
    {
        await Task.Yield();
        var setter = _provider.GetRequiredService<IMultiTenantContextSetter>();

        Assert.Throws<InvalidCastException>(
            () => setter.MultiTenantContext = new MultiTenantContext<OtherTenant>(new OtherTenant("1", "acme")));
    }

    [Fact]
    public async Task Every_accessor_of_one_tenant_type_reads_the_same_value_and_of_another_type_its_own()
    {
        Set("acme");
        await Task.Yield();
        await using var second = TestTenancy.Provider(_ => { });
        await using var other = new ServiceCollection().AddMultiTenant<OtherTenant>().Services.BuildServiceProvider();

        Assert.Same(
            Accessor.MultiTenantContext,
            second.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>().MultiTenantContext);
        Assert.False(other.GetRequiredService<IMultiTenantContextAccessor<OtherTenant>>().MultiTenantContext.IsResolved);
    }

    [Fact]
    public void A_context_knows_its_tenant_with_and_without_its_type()
    {
        var tenant = new TestTenant("1", "acme");
        IMultiTenantContext resolved = new MultiTenantContext<TestTenant>(tenant);
        IMultiTenantContext unresolved = new MultiTenantContext<TestTenant>(null);

        Assert.Same(tenant, resolved.TenantInfo);
        Assert.True(resolved.IsResolved);
        Assert.Null(unresolved.TenantInfo);
        Assert.False(unresolved.IsResolved);
    }

    private void Set(string identifier) =>
        _provider.GetRequiredService<IMultiTenantContextSetter>().MultiTenantContext =
            new MultiTenantContext<TestTenant>(new TestTenant($"id-{identifier}", identifier));

    private sealed record OtherTenant(string Id, string Identifier) : ITenantInfo;
}
