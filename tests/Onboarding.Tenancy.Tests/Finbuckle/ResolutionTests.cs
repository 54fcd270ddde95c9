using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.Extensions.DependencyInjection;
using static Onboarding.Tenancy.Tests.Finbuckle.TestTenancy;

namespace Onboarding.Tenancy.Tests.Finbuckle;

public sealed class ResolutionTests
{
    [Fact]
    public async Task The_first_strategy_that_resolves_wins()
    {
        var second = new FixedStrategy("globex");

        var found = await ResolveAsync(tenancy => tenancy.Ask("acme").Ask(second).Know("acme", "globex"));

        Assert.Equal("id-acme", found.TenantInfo?.Id);
        Assert.Equal(0, second.Asked);
    }

    [Fact]
    public async Task A_strategy_without_an_answer_leaves_it_to_the_next()
    {
        var found = await ResolveAsync(tenancy => tenancy.Ask((string?)null).Ask("globex").Know("globex"));

        Assert.Equal("id-globex", found.TenantInfo?.Id);
    }

    [Fact]
    public async Task An_identifier_that_no_store_knows_falls_through_to_the_next_strategy()
    {
        var found = await ResolveAsync(tenancy => tenancy.Ask("nobody").Ask("globex").Know("acme").Know("globex"));

        Assert.Equal("id-globex", found.TenantInfo?.Id);
    }

    [Fact]
    public async Task An_empty_identifier_is_looked_up_like_any_other()
    {
        var store = new FixedStore();

        await ResolveAsync(tenancy => tenancy.Ask("").WithStore(ServiceLifetime.Singleton, _ => store));

        Assert.Equal([""], store.Asked);
    }

    [Fact]
    public async Task The_first_store_that_knows_the_identifier_wins_and_later_ones_are_not_asked()
    {
        var later = new FixedStore("acme");

        var found = await ResolveAsync(tenancy => tenancy
            .Ask("acme").Know("globex").Know("acme").WithStore(ServiceLifetime.Singleton, _ => later));

        Assert.True(found.IsResolved);
        Assert.Empty(later.Asked);
    }

    [Fact]
    public async Task Nothing_found_is_an_unresolved_context_and_not_null()
    {
        var found = await ResolveAsync(tenancy => tenancy.Ask("nobody").Know("acme"));

        Assert.NotNull(found);
        Assert.False(found.IsResolved);
        Assert.Null(found.TenantInfo);
    }

    [Fact]
    public async Task Without_strategies_and_stores_nothing_is_found()
    {
        Assert.False((await ResolveAsync(_ => { })).IsResolved);
        Assert.False((await ResolveAsync(tenancy => tenancy.Ask("acme"))).IsResolved);
    }

    [Fact]
    public async Task A_strategy_that_throws_ends_the_search()
    {
        var next = new FixedStrategy("acme");

        var thrown = await Assert.ThrowsAsync<MultiTenantException>(() => ResolveAsync(tenancy => tenancy
            .WithDelegateStrategy<object, TestTenant>(_ => throw new TimeoutException()).Ask(next).Know("acme")));

        Assert.IsType<TimeoutException>(thrown.InnerException);
        Assert.Equal(0, next.Asked);
    }

    /// <summary>An outage of the store looks like an unknown tenant: a store that must tell them apart has to say so itself.</summary>
    [Fact]
    public async Task A_store_that_throws_counts_as_one_that_does_not_know_the_tenant()
    {
        var alone = await ResolveAsync(tenancy => tenancy.Ask("acme").WithStore(ServiceLifetime.Scoped, _ => new BrokenStore()));
        var backedUp = await ResolveAsync(tenancy => tenancy
            .Ask("acme").WithStore(ServiceLifetime.Scoped, _ => new BrokenStore()).Know("acme"));

        Assert.False(alone.IsResolved);
        Assert.True(backedUp.IsResolved);
    }

    [Fact]
    public async Task A_delegate_for_one_type_of_context_is_not_asked_about_another()
    {
        void Build(MultiTenantBuilder<TestTenant> tenancy) => tenancy
            .WithDelegateStrategy<string, TestTenant>(context => Task.FromResult<string?>(context))
            .Know("acme");

        Assert.True((await ResolveAsync(Build, context: "acme")).IsResolved);
        Assert.False((await ResolveAsync(Build, context: new object())).IsResolved);
    }
}
