using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Onboarding.Tenancy.Tests.Finbuckle;

public sealed class RequestStrategyTests
{
    [Theory]
    [InlineData("__tenant__.example.com", "acme.example.com", "acme")]
    [InlineData("__tenant__.example.com", "acme.example.com:8443", "acme")]
    [InlineData("__tenant__.example.com", "a-1.example.com", "a-1")]
    [InlineData("__tenant__.example.com", "example.com", null)]
    [InlineData("__tenant__.example.com", ".example.com", null)]
    [InlineData("__tenant__.example.com", "www.acme.example.com", null)]
    [InlineData("__tenant__.example.com", "acme.example.com.evil.net", null)]
    [InlineData("__tenant__.example.com", "acme.example.org", null)]
    [InlineData("__tenant__.example.com", "acme.exampleXcom", null)]
    [InlineData("app-__tenant__.example.com", "app-acme.example.com", "acme")]
    [InlineData("app-__tenant__.example.com", "app-.example.com", null)]
    [InlineData("app-__tenant__.example.com", "acme.example.com", null)]
    [InlineData("__tenant__.localhost", "acme.localhost:5080", "acme")]
    [InlineData("__tenant__.localhost", "localhost", null)]
    public async Task A_host_gives_the_identifier_where_the_template_has_it(string template, string host, string? identifier)
    {
        Assert.Equal(identifier, await AskAsync(tenancy => tenancy.WithHostStrategy(template), request => request.Host = new HostString(host)));
    }

    /// <summary>Host names are the same in any case, this strategy is not: whoever uses it folds the case.</summary>
    [Theory]
    [InlineData("ACME.example.com", "ACME")]
    [InlineData("acme.EXAMPLE.com", null)]
    public async Task A_host_is_taken_with_its_case(string host, string? identifier)
    {
        Assert.Equal(identifier, await AskAsync(
            tenancy => tenancy.WithHostStrategy("__tenant__.example.com"), request => request.Host = new HostString(host)));
    }

    [Fact]
    public async Task A_request_without_a_host_has_no_identifier()
    {
        Assert.Null(await AskAsync(tenancy => tenancy.WithHostStrategy("__tenant__.example.com"), _ => { }));
    }

    [Fact]
    public void An_empty_host_template_is_refused_at_registration()
    {
        Assert.Throws<ArgumentException>(
            () => new ServiceCollection().AddMultiTenant<TestTenant>().WithHostStrategy(" "));
    }

    [Theory]
    [InlineData(new[] { "acme" }, "acme")]
    [InlineData(new[] { "acme", "globex" }, "acme")]
    [InlineData(new[] { "acme,globex" }, "acme,globex")]
    [InlineData(new[] { "" }, "")]
    [InlineData(new string[0], null)]
    public async Task A_header_gives_its_first_value_as_it_stands(string[] values, string? identifier)
    {
        Assert.Equal(identifier, await AskAsync(
            tenancy => tenancy.WithHeaderStrategy("X-Organization"), request => request.Headers["x-organization"] = values));
    }

    [Fact]
    public async Task A_request_without_the_header_has_no_identifier()
    {
        Assert.Null(await AskAsync(tenancy => tenancy.WithHeaderStrategy("X-Organization"), _ => { }));
    }

    [Fact]
    public async Task What_is_not_a_request_has_no_identifier()
    {
        Assert.Null(await AskAsync(tenancy => tenancy.WithHostStrategy("__tenant__.com").WithHeaderStrategy("X-Organization"), "acme.com"));
    }

    [Theory]
    [InlineData(true, "acme")]
    [InlineData(false, "globex")]
    public async Task Host_and_header_are_asked_in_the_order_of_registration(bool hostFirst, string identifier)
    {
        var request = new DefaultHttpContext();
        request.Request.Host = new HostString("acme.example.com");
        request.Request.Headers["X-Organization"] = "globex";

        var found = await TestTenancy.ResolveAsync(
            tenancy => (hostFirst ? Header(Host(tenancy)) : Host(Header(tenancy))).Know("acme", "globex"),
            context: request);

        Assert.Equal(identifier, found.TenantInfo?.Identifier);

        static MultiTenantBuilder<TestTenant> Host(MultiTenantBuilder<TestTenant> tenancy) =>
            tenancy.WithHostStrategy("__tenant__.example.com");

        static MultiTenantBuilder<TestTenant> Header(MultiTenantBuilder<TestTenant> tenancy) =>
            tenancy.WithHeaderStrategy("X-Organization");
    }

    private static Task<string?> AskAsync(Action<MultiTenantBuilder<TestTenant>> build, Action<HttpRequest> prepare)
    {
        var context = new DefaultHttpContext();
        prepare(context.Request);
        return AskAsync(build, context);
    }

    /// <summary>What the store is asked for; null when it is not asked.</summary>
    private static async Task<string?> AskAsync(Action<MultiTenantBuilder<TestTenant>> build, object context)
    {
        var store = new FixedStore();
        await TestTenancy.ResolveAsync(
            tenancy =>
            {
                build(tenancy);
                tenancy.WithStore(ServiceLifetime.Singleton, _ => store);
            },
            context);
        return store.Asked.SingleOrDefault();
    }
}
