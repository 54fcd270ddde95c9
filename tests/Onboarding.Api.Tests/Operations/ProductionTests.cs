using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

/// <summary>What Production insists on, tells and does not have.</summary>
[Collection(DeploymentCollection.Name)]
public sealed class ProductionTests(Deployment deployment)
{
    [Fact] // SEC-49
    public async Task A_start_without_settings_names_all_that_are_missing_a_sentence_each() => await RequireRefusedAsync(
        [],
        "Database:ConnectionString is missing",
        "Secrets:MasterKey must be 32 random bytes",
        "Web:PublicUrl is missing",
        "Smtp:Host is missing",
        "Smtp:FromAddress is missing");

    [Fact] // SEC-47, SEC-49
    public async Task A_start_with_weak_settings_names_all_of_them()
    {
        var settings = deployment.Settings;
        settings["Secrets:MasterKey"] = Convert.ToBase64String(new byte[32]);
        settings["Web:PublicUrl"] = "http://example.com";
        settings["Web:TrustedProxies:0"] = "everybody";
        settings["Fairness:ConnectionsPerOrganization"] = "1000";
        settings["Smtp:UserName"] = "mailer";
        settings["Smtp:Password"] = "in the clear";
        await RequireRefusedAsync(
            settings,
            "Secrets:MasterKey is weak",
            "Web:PublicUrl must be an https address",
            "Web:TrustedProxies holds 'everybody'",
            "Fairness:ConnectionsPerOrganization must leave a connection",
            "Smtp:Password is only sent under TLS");
    }

    [Fact] // SEC-4
    public async Task A_start_with_a_login_that_may_read_every_organization_is_refused()
    {
        var settings = deployment.Settings;
        settings["Database:ConnectionString"] = settings["Database:OwnerConnectionString"];
        await RequireRefusedAsync(settings, "Database:ConnectionString names a role with too many rights");
    }

    [Fact]
    public async Task A_node_says_that_it_lives_and_whether_it_is_ready()
    {
        using var client = deployment.Node.ClientFor(null);
        Assert.Equal("healthy", (await (await client.GetAsync("/health/live")).OkAsync()).GetProperty("status").GetString());
        var checks = (await (await client.GetAsync("/health/ready")).OkAsync()).GetProperty("checks");
        Assert.Equal(["database", "migrations", "scheduler"], checks.EnumerateObject().Select(check => check.Name).Order(StringComparer.Ordinal));
    }

    [Fact] // FAULT-4
    public async Task A_node_without_its_database_lives_but_is_not_ready()
    {
        var settings = deployment.Settings;
        await using var proxy = PostgresProxy.Start(settings["Database:ConnectionString"]!);
        settings["Database:ConnectionString"] = proxy.ConnectionString;
        await using var node = await ApiProcess.StartAsync(settings, "Production", directory: null);
        using var client = node.ClientFor(null);
        proxy.Down();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready")).StatusCode);
        await (await client.GetAsync("/health/live")).OkAsync();

        proxy.Up();
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/health/ready")).IsSuccessStatusCode, "it is ready again");

        var stopped = await node.TerminateAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, stopped.ExitCode);
    }

    [Theory] // SEC-47
    [InlineData("/dev/mailbox")]
    [InlineData("/dev/mailbox.json")]
    [InlineData("/dev/mails")]
    [InlineData("/dev/mails/approved")]
    [InlineData("/dev/webhook-sink/orders.json")]
    public async Task The_helpers_of_development_do_not_exist(string path)
    {
        using var client = deployment.Node.ClientFor(null);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync("/dev/webhook-sink/orders", null)).StatusCode);
    }

    private static async Task RequireRefusedAsync(Dictionary<string, string?> settings, params string[] sentences)
    {
        var result = await ApiProcess.RunAsync(settings, []);
        var lines = result.Error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(1, result.ExitCode);
        Assert.Collection(lines, [.. sentences.Order(StringComparer.Ordinal).Select<string, Action<string>>(sentence => line => Assert.StartsWith(sentence, line, StringComparison.Ordinal))]);
    }
}
