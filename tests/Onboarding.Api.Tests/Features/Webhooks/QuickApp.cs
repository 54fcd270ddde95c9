using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>Tests that wait for retries share one product.</summary>
[CollectionDefinition(Name)]
public sealed class QuickCollection : ICollectionFixture<QuickApp>
{
    public const string Name = "quick webhooks";
}

/// <summary>A product on a database of its own that tries a delivery three times, a little more than a second apart.</summary>
public sealed class QuickApp(ApiFixture fixture) : IAsyncLifetime
{
    public TestApp App { get; private set; } = null!;

    public Task<TestOrganization> OrganizationAsync() => TestOrganization.CreateAsync(App);

    public async ValueTask InitializeAsync()
    {
        App = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?>
        {
            ["Webhooks:Schedule:0"] = "00:00:01.100",
            ["Webhooks:Schedule:1"] = "00:00:01.100",
            ["Webhooks:Jitter"] = "0",

            // No test waits for so long, so whoever hangs is given up by none.
            ["Webhooks:Timeout"] = "00:01:00",
            ["Webhooks:Delivery:Lease"] = "00:02:00",
        });
        App.StartServer();
    }

    public async ValueTask DisposeAsync() => await App.DisposeAsync();
}
