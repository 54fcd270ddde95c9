using Onboarding.Api.Tests;
using Onboarding.Testing;

[assembly: AssemblyFixture(typeof(ApiFixture))]

namespace Onboarding.Api.Tests;

/// <summary>One server, one mailbox and one product for the whole assembly; tests are kept apart by their organizations.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly Lazy<Task<TestApp>> thorough;

    public ApiFixture() => thorough = new(async () =>
    {
        var app = new TestApp(await Postgres.CreateDatabaseAsync(), Smtp, new Dictionary<string, string?> { ["SignIn:PasswordIterations"] = "210000" });
        app.StartServer();
        return app;
    });

    public TestPostgres Postgres { get; private set; } = null!;

    public TestSmtpServer Smtp { get; private set; } = null!;

    public TestApp App { get; private set; } = null!;

    /// <summary>The Stripe of <see cref="App"/>. It sends no callbacks by itself: tests do, in any order, twice or never.</summary>
    public FakeStripe.FakeStripe Stripe { get; private set; } = null!;

    /// <summary>The DNS that <see cref="App"/> asks.</summary>
    public TestDns Dns { get; private set; } = null!;

    /// <summary>A fresh organization, with everything there is.</summary>
    public Task<TestOrganization> OrganizationAsync() => TestOrganization.CreateAsync(App);

    /// <summary>An organization of a product that hashes passwords as thoroughly as in production; <see cref="App"/> does not.</summary>
    public async Task<TestOrganization> OrganizationWithThoroughHashesAsync() => await TestOrganization.CreateAsync(await thorough.Value);

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        Smtp = TestSmtpServer.Start();
        Stripe = await TestStripe.StartAsync();
        Dns = TestDns.Start();
        App = new TestApp(await Postgres.CreateDatabaseAsync(), Smtp, new Dictionary<string, string?>(TestStripe.SettingsFor(Stripe)) { ["Dns:Servers:0"] = Dns.Address });
        App.StartServer();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        if (thorough.IsValueCreated)
        {
            await (await thorough.Value).DisposeAsync();
        }

        var violations = Stripe.Violations;
        await Stripe.DisposeAsync();
        Dns.Dispose();
        await Smtp.DisposeAsync();
        await Postgres.DisposeAsync();
        if (violations.Count > 0)
        {
            throw new InvalidOperationException($"Stripe's contract was not kept (BILL-25):\n{string.Join('\n', violations)}");
        }
    }
}
