using Onboarding.Api.Tests;
using Onboarding.Testing;

[assembly: AssemblyFixture(typeof(ApiFixture))]

namespace Onboarding.Api.Tests;

/// <summary>One server, one mailbox and one product for the whole assembly; tests are kept apart by their organizations.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    public TestPostgres Postgres { get; private set; } = null!;

    public TestSmtpServer Smtp { get; private set; } = null!;

    public TestApp App { get; private set; } = null!;

    /// <summary>A fresh organization.</summary>
    public Task<TestOrganization> OrganizationAsync() => TestOrganization.CreateAsync(App);

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        Smtp = TestSmtpServer.Start();
        App = new TestApp(await Postgres.CreateDatabaseAsync(), Smtp);
        App.StartServer();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Smtp.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
