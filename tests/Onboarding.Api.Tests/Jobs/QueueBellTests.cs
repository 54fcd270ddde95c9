using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Jobs;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Jobs;

/// <summary>Who wakes the jobs that drain the queue.</summary>
public sealed class QueueBellTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_drain_that_could_not_be_made_is_woken_again()
    {
        var made = 0;
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, configure: services => services.AddTransient(provider =>
            Interlocked.Increment(ref made) == 1 ? throw new InvalidOperationException("not now") : ActivatorUtilities.CreateInstance<DrainEvents>(provider)));
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);

        await organization.MailOfAsync(organization.EmailOf("ann"), () => organization.RegisterAsync("ann"));

        Assert.True(made > 1);
    }
}
