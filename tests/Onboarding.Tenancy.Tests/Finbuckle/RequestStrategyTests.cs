using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Finbuckle.MultiTenant.AspNetCore.Strategies;
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
    [InlineData("__tenant__", "acme.example.com", "acme.example.com")]
    [InlineData("__tenant__", "localhost", "localhost")]
    [InlineData("?.__tenant__.example.com", "www.acme.example.com", "acme")]
    [InlineData("?.__tenant__.example.com", "acme.example.com", null)]
    [InlineData("?.__tenant__.?", "www.acme.com", "acme")]
    [InlineData("*.__tenant__.example.com", "acme.example.com", "acme")]
    [InlineData("*.__tenant__.example.com", "a.b.acme.example.com", "acme")]
    [InlineData("__tenant__.*", "acme", "acme")]
    [InlineData("__tenant__.*", "acme.example.com", "acme")]
    [InlineData("__tenant__.*.com", "acme.com", "acme")]
    [InlineData("__tenant__.*.com", "acme.a.b.com", "acme")]
    [InlineData("__tenant__.*.com", "acme.a.b.org", null)]
    [InlineData("*.__tenant__", "a.b.acme", "acme")]
    public async Task A_host_gives_the_identifier_where_the_template_has_it(string template, string host, string? identifier)
    {
        Assert.Equal(identifier, await AskAsync(new HostStrategy(template), request => request.Host = new HostString(host)));
    }

    /// <summary>Host names are the same in any case, this strategy is not: whoever uses it folds the case.</summary>
    [Theory]
    [InlineData("ACME.example.com", "ACME")]
    [InlineData("acme.EXAMPLE.com", null)]
    public async Task A_host_is_taken_with_its_case(string host, string? identifier)
    {
        var strategy = new HostStrategy("__tenant__.example.com");

        Assert.Equal(identifier, await AskAsync(strategy, request => request.Host = new HostString(host)));
    }

    [Fact]
    public async Task A_request_without_a_host_has_no_identifier()
    {
        Assert.Null(await AskAsync(new HostStrategy("__tenant__"), _ => { }));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("*.__tenant__.*")]
    [InlineData("a*.__tenant__.com")]
    [InlineData("*a.__tenant__.com")]
    [InlineData("a?.__tenant__.com")]
    [InlineData("?a.__tenant__.com")]
    public void A_wrong_host_template_is_refused(string template)
    {
        Assert.Throws<MultiTenantException>(() => new HostStrategy(template));
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
        var strategy = new HeaderStrategy("X-Organization");

        Assert.Equal(identifier, await AskAsync(strategy, request => request.Headers["x-organization"] = values));
    }

    [Fact]
    public async Task A_request_without_the_header_has_no_identifier()
    {
        Assert.Null(await AskAsync(new HeaderStrategy("X-Organization"), _ => { }));
    }

    [Fact]
    public async Task What_is_not_a_request_has_no_identifier()
    {
        Assert.Null(await new HostStrategy("__tenant__").GetIdentifierAsync("acme"));
        Assert.Null(await new HeaderStrategy("X-Organization").GetIdentifierAsync("acme"));
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

    private static Task<string?> AskAsync(IMultiTenantStrategy strategy, Action<HttpRequest> prepare)
    {
        var context = new DefaultHttpContext();
        prepare(context.Request);
        return strategy.GetIdentifierAsync(context);
    }
}
