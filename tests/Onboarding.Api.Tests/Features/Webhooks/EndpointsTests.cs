using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>Endpoints: who may change them, what they may be, and what others see of them.</summary>
public sealed class EndpointsTests(ApiFixture fixture)
{
    private static readonly string[] Members = ["member.*"];

    [Fact] // SEC-40
    public async Task A_secret_is_shown_once_and_header_values_never()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var created = await (await admin.PostAsJsonAsync("/webhooks/endpoints", new
        {
            url = "https://example.com/hooks", event_types = Members, description = " CRM ", headers = new { authorization = "Bearer canary" }, rate_limit = 5, ordered = true,
        })).OkAsync(HttpStatusCode.Created);
        var id = created.GetProperty("endpoint").GetProperty("id").GetGuid();
        Assert.StartsWith("whsec_", created.GetProperty("secret").GetString(), StringComparison.Ordinal);

        var text = await admin.GetStringAsync(new Uri($"/webhooks/endpoints/{id}", UriKind.Relative)) + await admin.GetStringAsync(new Uri("/webhooks/endpoints", UriKind.Relative));
        Assert.DoesNotContain("whsec_", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        var shown = await admin.EndpointAsync(id);
        Assert.Equal(("CRM", "authorization", 5, true, "v1", "active"), (
            shown.GetProperty("description").GetString(), shown.GetProperty("headers")[0].GetString(), shown.GetProperty("rate_limit").GetInt32(),
            shown.GetProperty("ordered").GetBoolean(), shown.GetProperty("signature").GetString(), shown.GetProperty("status").GetString()));
    }

    [Fact] // SEC-40
    public async Task With_v1a_the_private_key_never_leaves_and_the_public_one_is_always_there()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var created = await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = "https://example.com/hooks", event_types = Members, signature = "v1a" })).OkAsync(HttpStatusCode.Created);
        Assert.Equal(JsonValueKind.Null, created.GetProperty("secret").ValueKind);
        Assert.StartsWith("whpk_", created.GetProperty("endpoint").GetProperty("public_key").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("whsk_", created.ToString(), StringComparison.Ordinal);
    }

    [Theory] // HOOK-16
    [InlineData("http://example.com/hooks")]
    [InlineData("https://localhost/hooks")]
    [InlineData("https://127.0.0.1/hooks")]
    [InlineData("https://2130706433/hooks")]
    [InlineData("https://0x7f.1/hooks")]
    [InlineData("https://10.1.2.3/hooks")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::ffff:127.0.0.1]/hooks")]
    [InlineData("https://user:password@example.com/hooks")]
    public async Task Outside_development_no_address_but_the_public_internets_is_taken(string url)
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Webhooks:AllowPrivateNetworks"] = "false" }, Faults.Nodes.WithoutJobs);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        using var answer = await admin.PostAsJsonAsync("/webhooks/endpoints", new { url, event_types = Members });
        Assert.Equal("endpoint.url_refused", await answer.CodeAsync(HttpStatusCode.BadRequest));
        await admin.AddEndpointAsync(new Uri("https://example.com/hooks"));
    }

    [Fact]
    public async Task Bad_input_is_refused_and_changes_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, _) = await admin.AddEndpointAsync(new Uri("https://example.com/hooks"));
        foreach (var (code, body) in new (string, object)[]
        {
            ("event_type.unknown", new { event_types = new[] { "member.*", "member.nonsense" } }),
            ("event_type.unknown", new { event_types = new[] { "mem*" } }),
            ("request.invalid", new { event_types = Array.Empty<string>() }),
            ("request.invalid", new { headers = new Dictionary<string, string> { ["Webhook-Id"] = "x" } }),
            ("request.invalid", new { headers = new Dictionary<string, string> { ["X"] = "a\r\nb" } }),
            ("request.invalid", new { rate_limit = 1_001 }),
            ("endpoint.url_refused", new { url = "ftp://example.com" }),
        })
        {
            using var answer = await admin.PatchAsJsonAsync($"/webhooks/endpoints/{id}", body);
            Assert.Equal(code, await answer.CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal(0, await organization.CountAsync("audit_log WHERE action = 'endpoint.changed'"));
        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{id}", new { event_types = Members })).OkAsync();
        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{id}", new { event_types = Members })).OkAsync();
        Assert.Equal([organization.AdminId], await organization.QueryAsync<Guid>("SELECT actor_id FROM audit_log WHERE action = 'endpoint.changed'"));
    }

    [Fact]
    public async Task Reading_and_managing_are_two_permissions()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("watcher", Permissions.ReadWebhooks);
        await organization.AddActiveAsync("wanda", "watcher");
        using var watcher = await organization.SignInAsync("wanda");
        var (id, _) = await admin.AddEndpointAsync(new Uri("https://example.com/hooks"));
        foreach (var path in new[] { "event-types", "endpoints", $"endpoints/{id}", $"endpoints/{id}/stats", "messages", "deliveries" })
        {
            await (await watcher.GetAsync($"/webhooks/{path}")).OkAsync();
        }

        foreach (var path in new[] { "enable", "disable", "test" })
        {
            await (await watcher.PostAsync($"/webhooks/endpoints/{id}/{path}", null)).CodeAsync(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task A_key_may_do_what_its_scopes_say()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var reading = organization.WithKey(await admin.CreateKeyAsync(Permissions.ReadWebhooks));
        using var managing = organization.WithKey(await admin.CreateKeyAsync(Permissions.ManageWebhooks));
        var (id, _) = await managing.AddEndpointAsync(new Uri("https://example.com/hooks"));
        Assert.Equal("active", (await reading.EndpointAsync(id)).GetProperty("status").GetString());
        using var refused = await reading.DeleteAsync($"/webhooks/endpoints/{id}");
        Assert.Equal("permission.denied", await refused.CodeAsync(HttpStatusCode.Forbidden));
        await (await managing.DeleteAsync($"/webhooks/endpoints/{id}")).OkAsync(HttpStatusCode.NoContent);
        using var gone = await reading.GetAsync($"/webhooks/endpoints/{id}");
        Assert.Equal("endpoint.not_found", await gone.CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // HOOK-24, SEC-3
    public async Task Nothing_of_another_organization_is_there()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await a.SignInAsync();
        using var stranger = await b.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        var message = (await a.HappenAsync())[0];
        await a.DeliveriesAsync("delivered", 1);
        var delivery = (await a.QueryAsync<Guid>("SELECT id FROM webhook_deliveries"))[0];

        foreach (var path in new[] { $"endpoints/{endpoint}", $"endpoints/{endpoint}/stats", $"messages/{message}", $"deliveries/{delivery}", $"deliveries/{delivery}/attempts" })
        {
            await (await admin.GetAsync($"/webhooks/{path}")).OkAsync();
            await (await stranger.GetAsync($"/webhooks/{path}")).CodeAsync(HttpStatusCode.NotFound);
        }

        foreach (var path in new[] { $"endpoints/{endpoint}/test", $"endpoints/{endpoint}/enable", $"endpoints/{endpoint}/disable", $"deliveries/{delivery}/resend", $"deliveries/{delivery}/skip" })
        {
            await (await stranger.PostAsync($"/webhooks/{path}", null)).CodeAsync(HttpStatusCode.NotFound);
        }

        await (await stranger.DeleteAsync($"/webhooks/endpoints/{endpoint}")).CodeAsync(HttpStatusCode.NotFound);
        foreach (var path in new[] { "endpoints", "messages", $"deliveries?endpoint_id={endpoint}" })
        {
            Assert.Equal(0, (await (await stranger.GetAsync($"/webhooks/{path}")).OkAsync()).GetProperty("data").GetArrayLength());
        }

        await b.HappenAsync();
        await b.SettledAsync();
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Two_at_once_do_not_pass_the_quota_together()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Quotas:WebhookEndpoints"] = "3" }, Faults.Nodes.WithoutJobs);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => admin.PostAsJsonAsync("/webhooks/endpoints", new { url = "https://example.com/hooks", event_types = Members })));
        Assert.Equal((3, 5), (answers.Count(HttpStatusCode.Created), answers.Count(HttpStatusCode.Conflict)));
        Assert.Equal("quota.webhook_endpoints", await answers.First(a => a.StatusCode == HttpStatusCode.Conflict).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(3, await organization.CountAsync("webhook_endpoints"));
    }

    [Fact]
    public async Task Whoever_manages_webhooks_is_told_of_an_endpoint_that_was_disabled()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(410);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        var mail = await fixture.Smtp.WaitForAsync(organization.EmailOf("admin"), mail => mail.Text.Contains(receiver.Url.ToString(), StringComparison.Ordinal));
        Assert.Contains($"/webhooks/endpoints/{endpoint}/enable", mail.Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Empty(fixture.Smtp.For(organization.EmailOf("user")));

        // Who does it by hand knows.
        await (await admin.PostAsync($"/webhooks/endpoints/{endpoint}/enable", null)).OkAsync();
        await (await admin.PostAsync($"/webhooks/endpoints/{endpoint}/disable", null)).OkAsync();
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync("emails WHERE template = 'endpoint_disabled'"));
    }

    [Fact] // HOOK-25
    public async Task What_is_kept_of_an_answer_has_an_end()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(200, Body: new byte[30_000]);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal([20_000], await organization.QueryAsync<int>("SELECT length(response) FROM webhook_attempts"));
    }
}
