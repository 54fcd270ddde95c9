using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>Tests that kill processes run one after the other, so that they leave the machine to the rest of the suite.</summary>
[CollectionDefinition(Name)]
public sealed class KilledNodesCollection : ICollectionFixture<Nodes>
{
    public const string Name = "killed nodes";
}

/// <summary>Real processes in Production on a database of their own, each used until a test kills it.</summary>
public sealed class Nodes(ApiFixture fixture) : IAsyncLifetime
{
    private TestDatabase database = null!;
    private ApiProcess? node;

    /// <summary>Where the nodes' mails arrive.</summary>
    public TestSmtpServer Smtp { get; } = TestSmtpServer.Start();

    /// <summary>Makes organizations in the same database, and never works on the queue.</summary>
    public TestApp Quiet { get; private set; } = null!;

    public Task<TestOrganization> OrganizationAsync() => TestOrganization.CreateAsync(Quiet);

    /// <summary>The living node, or a new one.</summary>
    public async Task<ApiProcess> NodeAsync() => node is { HasExited: false } ? node : node = await AnotherAsync(database.ApplicationConnectionString);

    /// <summary>One more node, which reaches PostgreSQL by this connection string.</summary>
    /// <param name="connectionString">The application's own unless said.</param>
    /// <param name="userAgent">What receivers of webhooks see, where it matters which node sent one.</param>
    public Task<ApiProcess> AnotherAsync(string? connectionString = null, string userAgent = "Onboarding-Webhooks/1.0") =>
        ApiProcess.StartAsync(database, Smtp, new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = connectionString ?? database.ApplicationConnectionString,

            // Receivers of tests are on this machine.
            ["Webhooks:AllowPrivateNetworks"] = "true",
            ["Webhooks:UserAgent"] = userAgent,

            // Who hangs is given up by none while a busy machine starts another node.
            ["Smtp:TimeoutSeconds"] = "60",
            ["Webhooks:Timeout"] = "00:01:00",
            ["Webhooks:Delivery:Lease"] = "00:02:00",

            // Whoever is first would take all endpoints and keep them; of twenty it leaves ten to another.
            ["Webhooks:Delivery:MaxTurns"] = "10",

            // It tells when a stop has reached the jobs.
            ["Logging:LogLevel:Quartz"] = "Information",
        });

    /// <summary>Kills the living node, if there is one.</summary>
    public async Task KillAsync()
    {
        if (node is { HasExited: false })
        {
            await node.KillAsync();
        }
    }

    /// <summary>What a dead worker held falls due: two minutes pass for the queue alone.</summary>
    public async Task EndLeasesAsync(TestOrganization organization)
    {
        await using var command = database.Owner.CreateCommand($"UPDATE platform.work SET due_at = now() - interval '1 second' WHERE organization_id = '{organization.Organization.Id}'");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Takes the schedulers out of a product: it serves, and leaves the queue to others.</summary>
    public static void WithoutJobs(IServiceCollection services)
    {
        foreach (var scheduler in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Namespace?.StartsWith("Quartz", StringComparison.Ordinal) == true).ToList())
        {
            services.Remove(scheduler);
        }
    }

    public async ValueTask InitializeAsync()
    {
        database = await fixture.Postgres.CreateDatabaseAsync();
        Quiet = new TestApp(database, Smtp, configure: WithoutJobs);
        Quiet.StartServer();
    }

    public async ValueTask DisposeAsync()
    {
        if (node is not null)
        {
            await node.DisposeAsync();
        }

        await Quiet.DisposeAsync();
        await Smtp.DisposeAsync();
    }
}

/// <summary>The calls that the tests of faults make to a node of their choice.</summary>
internal static class NodeCalls
{
    public static Task<HttpResponseMessage> RegisterAsync(this ApiProcess node, TestOrganization organization, string userName) =>
        node.ClientFor(organization.Identifier).PostAsJsonAsync("/register", new { username = userName, email = organization.EmailOf(userName), full_name = $"Full {userName}" });

    public static Task<HttpResponseMessage> RefreshAsync(this ApiProcess node, TestOrganization organization, string refresh) =>
        node.ClientFor(organization.Identifier).PostAsJsonAsync("/refresh", new { refresh });

    public static Task<HttpResponseMessage> ApproveAsync(this ApiProcess node, TestOrganization organization, string access, Guid id)
    {
        var client = node.ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", access);
        return client.PostAsJsonAsync($"/members/{id}/approve", new { });
    }
}
