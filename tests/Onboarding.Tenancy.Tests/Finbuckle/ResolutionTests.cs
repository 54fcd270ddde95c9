using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
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
    public async Task A_higher_priority_runs_earlier_and_equals_keep_the_order_of_registration()
    {
        var found = await ResolveAsync(tenancy => tenancy
            .Ask(new FixedStrategy("low", -10))
            .Ask(new FixedStrategy("default"))
            .Ask(new FixedStrategy("high", 10))
            .Ask(new FixedStrategy("high-but-later", 10))
            .Know("low", "default", "high", "high-but-later"));

        Assert.Equal("high", found.TenantInfo?.Identifier);
    }

    [Fact]
    public async Task The_priority_is_zero_unless_a_strategy_says_otherwise()
    {
        var found = await ResolveAsync(tenancy => tenancy
            .Ask(new FixedStrategy("below", -1))
            .WithStrategy<PlainStrategy>(ServiceLifetime.Singleton)
            .Know("below", "plain"));

        Assert.Equal("plain", found.TenantInfo?.Identifier);
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
    public async Task A_resolved_context_names_its_strategy_and_its_store()
    {
        var strategy = new FixedStrategy("acme");
        var store = new FixedStore("acme");

        var found = await ResolveAsync(tenancy => tenancy
            .Ask("nobody").Ask(strategy).WithStore(ServiceLifetime.Singleton, _ => store));

        Assert.Same(strategy, found.StrategyInfo?.Strategy);
        Assert.Equal(typeof(FixedStrategy), found.StrategyInfo?.StrategyType);
        Assert.Same(store, found.StoreInfo?.Store);
        Assert.Equal(typeof(FixedStore), found.StoreInfo?.StoreType);
    }

    [Fact]
    public async Task Nothing_found_is_an_unresolved_context_and_not_null()
    {
        var found = await ResolveAsync(tenancy => tenancy.Ask("nobody").Know("acme"));

        Assert.NotNull(found);
        Assert.False(found.IsResolved);
        Assert.Null(found.TenantInfo);
        Assert.Null(found.StrategyInfo);
        Assert.Null(found.StoreInfo);
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
            .WithDelegateStrategy(_ => throw new TimeoutException()).Ask(next).Know("acme")));

        Assert.IsType<TimeoutException>(thrown.InnerException);
        Assert.Equal(0, next.Asked);
    }

    /// <summary>An outage of the store looks like an unknown tenant: a store that must tell them apart has to say so itself.</summary>
    [Fact]
    public async Task A_store_that_throws_counts_as_one_that_does_not_know_the_tenant()
    {
        var alone = await ResolveAsync(tenancy => tenancy.Ask("acme").WithStore<BrokenStore>(ServiceLifetime.Scoped));
        var backedUp = await ResolveAsync(tenancy => tenancy
            .Ask("acme").WithStore<BrokenStore>(ServiceLifetime.Scoped).Know("acme"));

        Assert.False(alone.IsResolved);
        Assert.True(backedUp.IsResolved);
    }

    [Theory]
    [InlineData("www")]
    [InlineData("WWW")]
    public async Task An_ignored_identifier_is_never_looked_up_whatever_its_case(string identifier)
    {
        var store = new FixedStore("www", "WWW", "acme");

        var found = await ResolveAsync(
            tenancy => tenancy.Ask(identifier).Ask("acme").WithStore(ServiceLifetime.Singleton, _ => store),
            options => options.IgnoredIdentifiers.Add("www"));

        Assert.Equal("acme", found.TenantInfo?.Identifier);
        Assert.Equal(["acme"], store.Asked);
    }

    [Fact]
    public async Task A_handler_may_replace_the_identifier_and_the_ignored_ones_still_count()
    {
        var normalized = await ResolveAsync(
            tenancy => tenancy.Ask("ACME").Know("acme"),
            options => options.Events.OnStrategyResolveCompleted = Replace("ACME", "acme"));
        var ignored = await ResolveAsync(
            tenancy => tenancy.Ask("ACME").Know("www"),
            options =>
            {
                options.IgnoredIdentifiers.Add("www");
                options.Events.OnStrategyResolveCompleted = Replace("ACME", "www");
            });

        Assert.Equal("acme", normalized.TenantInfo?.Identifier);
        Assert.False(ignored.IsResolved);

        static Func<StrategyResolveCompletedContext, Task> Replace(string from, string to) => asked =>
        {
            Assert.True(asked.IdentifierFound);
            Assert.Equal(from, asked.Identifier);
            asked.Identifier = to;
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task A_handler_may_turn_a_tenant_down_and_the_next_strategy_is_asked()
    {
        var found = await ResolveAsync(
            tenancy => tenancy.Ask("suspended").Ask("acme").Know("suspended", "acme"),
            options => options.Events.OnStoreResolveCompleted = asked =>
            {
                Assert.True(asked.TenantFound);
                asked.TenantInfo = asked.Identifier == "suspended" ? null : asked.TenantInfo;
                return Task.CompletedTask;
            });

        Assert.Equal("acme", found.TenantInfo?.Identifier);
    }

    [Theory]
    [InlineData("acme", true)]
    [InlineData("nobody", false)]
    public async Task The_last_handler_runs_once_whatever_the_outcome(string identifier, bool resolved)
    {
        var context = new object();
        var outcomes = new List<bool>();

        await ResolveAsync(
            tenancy => tenancy.Ask((string?)null).Ask(identifier).Know("acme"),
            options => options.Events.OnTenantResolveCompleted = completed =>
            {
                Assert.Same(context, completed.Context);
                outcomes.Add(completed.IsResolved);
                return Task.CompletedTask;
            },
            context);

        Assert.Equal([resolved], outcomes);
    }

    [Fact]
    public async Task The_last_handler_has_the_last_word()
    {
        var found = await ResolveAsync(
            tenancy => tenancy.Ask("nobody").Know("acme"),
            options => options.Events.OnTenantResolveCompleted = completed =>
            {
                completed.MultiTenantContext = new MultiTenantContext<TestTenant>(new TestTenant("1", "fallback"));
                return Task.CompletedTask;
            });

        Assert.Equal("fallback", found.TenantInfo?.Identifier);
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

    [Fact]
    public async Task Both_faces_of_the_resolver_are_one_and_know_the_tenant_type()
    {
        await using var provider = Provider(tenancy => tenancy.Ask("acme").Know("acme"));
        await using var scope = provider.CreateAsyncScope();

        var resolver = scope.ServiceProvider.GetRequiredService<ITenantResolver>();

        Assert.Same(scope.ServiceProvider.GetRequiredService<ITenantResolver<TestTenant>>(), resolver);
        Assert.IsType<TestTenant>((await resolver.ResolveAsync(new object())).TenantInfo);
        Assert.Equal(
            typeof(TestTenant),
            provider.GetRequiredService<IOptions<MultiTenantOptions<TestTenant>>>().Value.TenantInfoType);
    }
}
