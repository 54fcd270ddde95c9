using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Api.SignIn;
using Onboarding.Testing;

namespace Onboarding.Api.Tests;

/// <summary>Tests that turn the clock share one product and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ClockCollection : ICollectionFixture<ClockedApp>
{
    public const string Name = "clock";
}

/// <summary>A product on a database of its own, whose clock stands still until a test advances it.</summary>
public sealed class ClockedApp(ApiFixture fixture) : IAsyncLifetime
{
    // Whole seconds: PostgreSQL keeps microseconds, and a test on the edge of a limit must not fall over a tenth of one.
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

    public TestApp App { get; private set; } = null!;

    /// <summary>A fresh organization, whose tokens are signed by a key of today: tests turn the clock by days without that job.</summary>
    public async Task<TestOrganization> OrganizationAsync()
    {
        await App.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
        return await TestOrganization.CreateAsync(App);
    }

    /// <summary>Lets time pass, once everything that is under way has settled; a mail must not run into its timeout.</summary>
    public async Task AdvanceAsync(TimeSpan time)
    {
        await Eventually.HoldsAsync(
            async () => (await App.Database.QueryAsync<long>("SELECT (SELECT count(*) FROM platform.work) + (SELECT count(*) FROM platform.emails)"))[0] == 0, "the queues are empty");
        Clock.Advance(time);

        // What the cluster's daily job does; it runs by the real clock.
        await App.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
    }

    public async ValueTask InitializeAsync()
    {
        App = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?> { ["Dns:Servers:0"] = fixture.Dns.Address }, configure: services => services.AddSingleton<TimeProvider>(Clock));
        App.StartServer();
    }

    public async ValueTask DisposeAsync() => await App.DisposeAsync();
}
