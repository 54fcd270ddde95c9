using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Finbuckle.MultiTenant.AspNetCore.Routing;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Onboarding.Tenancy.Tests.Finbuckle;

public sealed class PipelineTests
{
    [Fact]
    public async Task The_endpoint_sees_the_tenant_in_the_request_and_in_the_accessor()
    {
        var answer = await SendAsync("/tenant", "acme");

        Assert.Equal("acme", answer.InRequest);
        Assert.Equal("acme", answer.InAccessor);
        Assert.True(answer.SameContext);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData(null)]
    public async Task A_request_without_a_known_tenant_goes_on_unresolved(string? identifier)
    {
        var answer = await SendAsync("/tenant", identifier);

        Assert.True(answer.Reached);
        Assert.Null(answer.InRequest);
        Assert.Null(answer.InAccessor);
        Assert.True(answer.SameContext);
    }

    [Theory]
    [InlineData("/excluded")]
    [InlineData("/excluded-group/endpoint")]
    public async Task An_excluded_endpoint_has_no_tenant_and_nothing_is_asked(string path)
    {
        var strategy = new FixedStrategy("acme");

        var answer = await SendAsync(path, null, tenancy => tenancy.Ask(strategy));

        Assert.True(answer.Reached);
        Assert.Null(answer.InRequest);
        Assert.Null(answer.InAccessor);
        Assert.Equal(0, strategy.Asked);
    }

    [Fact]
    public async Task The_last_word_on_exclusion_has_the_metadata_closest_to_the_endpoint()
    {
        Assert.Equal("acme", (await SendAsync("/excluded-group/included", "acme")).InRequest);
    }

    [Fact]
    public async Task A_strategy_that_throws_fails_the_request()
    {
        await Assert.ThrowsAsync<MultiTenantException>(() => SendAsync(
            "/tenant", "acme", tenancy => tenancy.Ask(new ThrowingStrategy())));
    }

    [Fact]
    public async Task The_tenant_of_a_request_does_not_stay_behind()
    {
        await SendAsync("/tenant", "acme");

        await using var provider = TestTenancy.Provider(_ => { });
        Assert.False(provider.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>().MultiTenantContext.IsResolved);
        Assert.Null((await SendAsync("/tenant", null)).InAccessor);
    }

    [Fact]
    public async Task Parallel_requests_keep_their_tenants_apart()
    {
        string[] identifiers = ["acme", "globex", "nobody"];

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => SendAsync("/slow", identifiers[i % 3])));

        Assert.All(answers.Index(), answer =>
        {
            var expected = answer.Index % 3 == 2 ? null : identifiers[answer.Index % 3];
            Assert.Equal(expected, answer.Item.InRequest);
            Assert.Equal(expected, answer.Item.InAccessor);
        });
    }

    [Fact]
    public void A_request_that_nobody_looked_at_has_one_unresolved_context()
    {
        var request = new DefaultHttpContext();

        var context = request.GetMultiTenantContext<TestTenant>();

        Assert.False(context.IsResolved);
        Assert.Null(request.GetTenantInfo<TestTenant>());
        Assert.Same(context, request.GetMultiTenantContext<TestTenant>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tenant_can_be_set_by_hand_with_or_without_new_scoped_services(bool reset)
    {
        await using var provider = TestTenancy.Provider(tenancy => tenancy.Services.AddScoped<object>());
        await using var scope = provider.CreateAsyncScope();
        var request = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        var before = request.RequestServices.GetRequiredService<object>();
        var tenant = new TestTenant("1", "acme");

        request.SetTenantInfo(tenant, resetServiceProviderScope: reset);

        Assert.Same(tenant, request.GetTenantInfo<TestTenant>());
        Assert.Same(
            request.GetMultiTenantContext<TestTenant>(),
            provider.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>().MultiTenantContext);
        Assert.Equal(reset, !ReferenceEquals(before, request.RequestServices.GetRequiredService<object>()));
    }

    /// <summary>Runs one request through routing, tenancy and endpoint, without a server.</summary>
    private static async Task<Answer> SendAsync(
        string path, string? identifier, Action<MultiTenantBuilder<TestTenant>>? build = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var tenancy = builder.Services.AddMultiTenant<TestTenant>();
        build?.Invoke(tenancy);
        tenancy.WithHeaderStrategy("X-Organization").Know("acme", "globex");

        await using var app = builder.Build();
        app.UseRouting();
        app.UseMultiTenant();
        app.MapGet("/tenant", Observe);
        app.MapGet("/slow", async (HttpContext request) =>
        {
            await Task.Delay(5, request.RequestAborted);
            Observe(request);
        });
        app.MapGet("/excluded", Observe).ExcludeFromMultiTenantResolution();
        var group = app.MapGroup("/excluded-group").ExcludeFromMultiTenantResolution();
        group.MapGet("/endpoint", Observe);
        group.MapGet("/included", Observe).WithMetadata(new Included());
        app.UseEndpoints(_ => { });

        await using var scope = app.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.Request.Method = "GET";
        context.Request.Path = path;
        if (identifier is not null)
        {
            context.Request.Headers["X-Organization"] = identifier;
        }

        var answer = new Answer();
        context.Items[typeof(Answer)] = answer;
        await ((IApplicationBuilder)app).Build()(context);
        return answer;
    }

    private static void Observe(HttpContext request)
    {
        var answer = (Answer)request.Items[typeof(Answer)]!;
        var current = request.RequestServices.GetRequiredService<IMultiTenantContextAccessor<TestTenant>>().MultiTenantContext;
        answer.Reached = true;
        answer.InAccessor = current.TenantInfo?.Identifier;
        answer.InRequest = request.GetTenantInfo<TestTenant>()?.Identifier;
        answer.SameContext = ReferenceEquals(current, request.GetMultiTenantContext<TestTenant>());
    }

    private sealed class Answer
    {
        public bool Reached { get; set; }

        public string? InRequest { get; set; }

        public string? InAccessor { get; set; }

        public bool SameContext { get; set; }
    }

    private sealed class Included : IExcludeFromMultiTenantResolutionMetadata
    {
        public bool ExcludeFromResolution => false;
    }

    private sealed class ThrowingStrategy : IMultiTenantStrategy
    {
        public Task<string?> GetIdentifierAsync(object context) => throw new TimeoutException();
    }
}
