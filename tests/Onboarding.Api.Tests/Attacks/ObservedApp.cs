using System.Collections.Concurrent;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Faults;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>A product of its own that remembers to which organization each request was found to belong, whatever the answer was.</summary>
public sealed class ObservedApp(ApiFixture fixture) : IAsyncLifetime, IStartupFilter
{
    private readonly ConcurrentDictionary<string, string> resolved = [];

    public TestApp App { get; private set; } = null!;

    /// <summary>What it reaches its database through.</summary>
    public PostgresProxy Proxy { get; private set; } = null!;

    /// <summary>The identifier of the organization; null where none was found.</summary>
    public string? Resolved(HttpResponseMessage answer) => resolved.GetValueOrDefault(answer.Headers.GetValues("X-Request-Id").Single());

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            // Known before the client can have read the answer.
            context.Response.OnStarting(() =>
            {
                if (context.GetTenantInfo<Organization>() is { } organization)
                {
                    resolved[context.Response.Headers["X-Request-Id"].ToString()] = organization.Identifier;
                }

                return Task.CompletedTask;
            });
            await rest(context);
        });
        next(app);
    };

    public ValueTask InitializeAsync()
    {
        Proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        App = new TestApp(
            fixture.App.Database,
            fixture.Smtp,
            new Dictionary<string, string?> { ["Database:ConnectionString"] = Proxy.ConnectionString },
            services =>
            {
                Nodes.WithoutJobs(services);
                services.AddSingleton<IStartupFilter>(this);
            });
        App.StartServer();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Proxy.DisposeAsync();
    }
}
