using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

/// <summary>What <c>./dev up</c> starts: no setting at all, a private PostgreSQL, demo data, helpers. In an empty folder of its own.</summary>
[Collection(DeploymentCollection.Name)]
public sealed class DevelopmentTests
{
    [Fact] // SEC-47
    public async Task It_starts_from_nothing_serves_the_demo_and_leaves_nothing_behind_when_it_stops()
    {
        var folder = Directory.CreateTempSubdirectory("onboarding-development-");
        try
        {
            // Where root starts it, PostgreSQL runs as somebody else, who has to get there.
            if (!OperatingSystem.IsWindows())
            {
                folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            }

            await using var api = await ApiProcess.StartAsync(new Dictionary<string, string?>(), "Development", folder.FullName);
            await RequireDemoAsync(api);
            await RequireMailboxAsync(api);
            await RequireSinkAsync(api);

            var server = await PostmasterAsync(folder);
            Assert.True(IsRunning(server));
            var stopped = await api.TerminateAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, stopped.ExitCode);
            Assert.False(IsRunning(server));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RequireDemoAsync(ApiProcess api)
    {
        foreach (var (identifier, userName) in new[] { ("acme", "admin"), ("acme", "user"), ("globex", "admin"), ("globex", "user") })
        {
            using var client = api.ClientFor(identifier);
            var tokens = await (await client.PostAsJsonAsync("/login", new { username = $"{userName}@{identifier}.test", password = "demo-only-Passw0rd" })).OkAsync();
            client.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
            var queue = await client.GetAsync("/admin-dashboard");
            if (userName == "admin")
            {
                Assert.Equal(3, (await queue.OkAsync()).GetProperty("data").GetArrayLength());
            }
            else
            {
                Assert.Equal(HttpStatusCode.Forbidden, queue.StatusCode);
            }
        }
    }

    private static async Task RequireMailboxAsync(ApiProcess api)
    {
        using var acme = api.ClientFor("acme");
        using var bare = api.ClientFor(null);
        await (await acme.PostAsJsonAsync("/register", new { username = "linus", email = "linus@acme.test", full_name = "Linus" })).OkAsync(HttpStatusCode.Accepted);
        await Eventually.HoldsAsync(
            async () => (await (await bare.GetAsync("/dev/mailbox.json?to=linus@acme.test")).OkAsync()).EnumerateArray().Any(
                mail => mail.GetProperty("to").GetString() == "linus@acme.test" && mail.GetProperty("organization").GetString() == "acme"),
            "the mail is in the mailbox");
        var page = await bare.GetAsync("/dev/mailbox");
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("linus@acme.test", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task RequireSinkAsync(ApiProcess api)
    {
        using var bare = api.ClientFor(null);
        using var first = new StringContent("""{"n": 1}""", Encoding.UTF8, "application/json");
        using var second = new StringContent("second", Encoding.UTF8, "text/plain");
        first.Headers.Add("Webhook-Id", "msg_1");
        Assert.Equal(HttpStatusCode.OK, (await bare.PostAsync("/dev/webhook-sink/orders", first)).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await bare.PostAsync("/dev/webhook-sink/orders?status=500&delay_ms=1", second)).StatusCode);

        var received = (await (await bare.GetAsync("/dev/webhook-sink/orders.json")).OkAsync()).EnumerateArray().ToList();
        Assert.Equal(["second", """{"n": 1}"""], received.Select(request => request.GetProperty("body").GetString()));
        Assert.Equal("msg_1", received[1].GetProperty("headers").GetProperty("webhook-id").GetString());
        Assert.Equal(0, (await (await bare.GetAsync("/dev/webhook-sink/invoices.json")).OkAsync()).GetArrayLength());
    }

    private static async Task<int> PostmasterAsync(DirectoryInfo folder) => int.Parse(
        (await File.ReadAllLinesAsync(Path.Combine(folder.FullName, ".data", "postgres", "data", "postmaster.pid")))[0], CultureInfo.InvariantCulture);

    private static bool IsRunning(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited && process.ProcessName.StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
