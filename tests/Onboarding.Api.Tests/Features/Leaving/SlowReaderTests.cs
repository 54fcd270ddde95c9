using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>An export holds a connection of the database: not for whoever does not read it, nor for a node that has stopped.</summary>
public sealed class SlowReaderTests(ApiFixture fixture)
{
    // What its backend does while it has rows that nobody takes.
    private const string Reading = "pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%FROM filler AS archived_row%' AND pid <> pg_backend_pid()";

    [Theory] // SEC-50
    [InlineData("Http1")]
    [InlineData("Http2")]
    public async Task Who_does_not_read_an_export_loses_it_and_the_connection_is_given_back(string protocol)
    {
        await using var app = await StartAsync(new()
        {
            ["Exports:Patience"] = "00:00:02",
            ["Exports:BytesPerSecond"] = "100000000",
            ["Kestrel:EndpointDefaults:Protocols"] = protocol,
        });
        var organization = await LargeOrganizationAsync(app);
        using var superAdmin = await SignInAsync(app, protocol == "Http1" ? HttpVersion.Version11 : HttpVersion.Version20);

        using var answer = await superAdmin.GetAsync(Export(organization), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, protocol == "Http1" ? 1 : 2), (answer.StatusCode, answer.Version.Major));
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 1, "it is being read");
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 0, "the connection is given back");

        // Nothing is left open, and what has come is no archive.
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync());
        await ToldAsync(organization, "read slower than");

        // Whoever reads gets it, over the same connections.
        using var again = await superAdmin.GetAsync(Export(organization));
        Assert.True((await again.Content.ReadAsByteArrayAsync()).Length > 5_000_000);
    }

    [Fact] // SEC-50
    public async Task A_node_serves_so_many_exports_at_once_and_no_more()
    {
        await using var app = await StartAsync(new() { ["Exports:AtOnce"] = "1", ["Exports:Patience"] = "00:30:00" });
        var organization = await LargeOrganizationAsync(app);
        using var superAdmin = await SignInAsync(app, HttpVersion.Version11);
        using (var first = await superAdmin.GetAsync(Export(organization), HttpCompletionOption.ResponseHeadersRead))
        {
            await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 1, "it is being read");
            using var second = await superAdmin.GetAsync(Export(organization));
            Assert.Equal("export.busy", await second.CodeAsync(HttpStatusCode.ServiceUnavailable));
            Assert.Equal(TimeSpan.FromMinutes(1), second.Headers.RetryAfter?.Delta);
            Assert.Equal("organization.not_found", await (await superAdmin.GetAsync($"/platform/organizations/{ApiRoute.SomeId}/export")).CodeAsync(HttpStatusCode.NotFound));
        }

        // Only what was begun is told, and whoever has hung up holds no place.
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.exported'"));
        await Eventually.HoldsAsync(
            async () =>
            {
                using var third = await superAdmin.GetAsync(Export(organization), HttpCompletionOption.ResponseHeadersRead);
                return third.StatusCode == HttpStatusCode.OK;
            },
            "the place is free again");
    }

    [Fact] // SEC-50
    public async Task An_export_takes_no_longer_than_it_may_however_fast_it_is_read()
    {
        await using var app = await StartAsync(new() { ["Exports:Longest"] = "00:00:02", ["Exports:Patience"] = "00:30:00" });
        var organization = await LargeOrganizationAsync(app);
        using var superAdmin = await SignInAsync(app, HttpVersion.Version11);
        using var answer = await superAdmin.GetAsync(Export(organization), HttpCompletionOption.ResponseHeadersRead);
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 1, "it is being read");
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 0, "the connection is given back");
        await ToldAsync(organization, "took longer than");
    }

    [Fact] // SEC-50
    public async Task PostgreSQL_ends_the_export_of_a_node_that_has_stopped_without_a_word()
    {
        await using var app = await StartAsync([]);
        var organization = await LargeOrganizationAsync(app);
        var one = await Operator.CreateAsync(app);
        var settings = TestApp.SettingsFor(app.Database, fixture.Smtp);
        settings["Exports:Patience"] = "00:00:15";
        settings["Exports:BytesPerSecond"] = "1000000000";
        await using var node = await ApiProcess.StartAsync(settings, "Development", directory: null);
        using var superAdmin = Client(node.Address, HttpVersion.Version11);
        superAdmin.DefaultRequestHeaders.Authorization = new("Bearer", await one.TokenAsync());
        using var answer = await superAdmin.GetAsync(Export(organization), HttpCompletionOption.ResponseHeadersRead);
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 1, "it is being read");

        using (var stop = Process.Start("kill", ["-s", "STOP", $"{node.Id}"]))
        {
            await stop.WaitForExitAsync();
        }

        Assert.Equal(1, await organization.CountAsync(Reading));
        await Eventually.HoldsAsync(async () => await organization.CountAsync(Reading) == 0, "PostgreSQL has given up", TimeSpan.FromMinutes(3));
        Assert.False(node.HasExited);
    }

    // No transaction is left open, and the log says why.
    private static Task<TimeSpan> ToldAsync(TestOrganization organization, string why) => Eventually.HoldsAsync(
        async () => await organization.CountAsync("pg_stat_activity WHERE datname = current_database() AND usename = 'onboarding_app' AND state LIKE 'idle in%'") == 0
            && organization.App.Logs.Lines.Any(line => line.Contains(why, StringComparison.Ordinal)),
        $"no transaction is left open, and the log says: {why}");

    private static string Export(TestOrganization organization) => $"/platform/organizations/{organization.Organization.Id}/export";

    private async Task<TestApp> StartAsync(Dictionary<string, string?> settings)
    {
        var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, settings);
        app.StartServer();
        return app;
    }

    // Hexadecimal digits shrink to half: more than all buffers on the way hold.
    private static async Task<TestOrganization> LargeOrganizationAsync(TestApp app)
    {
        var organization = await TestOrganization.CreateAsync(app);
        await organization.QueryAsync<int>($"""
            CREATE TABLE filler (id int PRIMARY KEY, content text NOT NULL);
            GRANT SELECT ON filler TO {organization.Organization.Schema};
            INSERT INTO filler SELECT n, (SELECT string_agg(md5(random()::text || g), '') FROM generate_series(1, 1000) g) FROM generate_series(1, 800) n;
            SELECT 1
            """);
        return organization;
    }

    private static async Task<HttpClient> SignInAsync(TestApp app, Version version)
    {
        var one = await Operator.CreateAsync(app);
        var client = Client(app.Address, version);
        using var login = await client.PostAsJsonAsync("/platform/login", new { username = one.UserName, password = Operator.Password });
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await login.OkAsync()).Access());
        return client;
    }

    // A small window, so that little is taken that nobody reads.
    private static HttpClient Client(Uri address, Version version)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 64 * 1024 };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = address, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        client.DefaultRequestHeaders.Host = "localhost";
        return client;
    }
}
