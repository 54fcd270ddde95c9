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
    private static readonly string[] Endpoints = ["endpoint.*"];
    private static readonly string[] Everything = ["*"];

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
            ("request.invalid", new { event_types = new string?[] { null } }),
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
        using var managing = organization.WithKey(await admin.CreateKeyAsync(Permissions.ManageWebhooks, Permissions.InviteMembers));
        var (id, _) = await managing.AddEndpointAsync(new Uri("https://example.com/hooks"));
        Assert.Equal("active", (await reading.EndpointAsync(id)).GetProperty("status").GetString());
        using var refused = await reading.DeleteAsync($"/webhooks/endpoints/{id}");
        Assert.Equal("permission.denied", await refused.CodeAsync(HttpStatusCode.Forbidden));
        await (await managing.DeleteAsync($"/webhooks/endpoints/{id}")).OkAsync(HttpStatusCode.NoContent);
        using var gone = await reading.GetAsync($"/webhooks/endpoints/{id}");
        Assert.Equal("endpoint.not_found", await gone.CodeAsync(HttpStatusCode.NotFound));
    }

    [Theory] // SEC-35
    [InlineData(true)]
    [InlineData(false)]
    public async Task Webhooks_are_no_way_around_a_permission(bool byKey)
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var manager = await WithAsync(organization, admin, byKey, "manager", Permissions.ReadWebhooks, Permissions.ManageWebhooks);
        using var recruiter = await WithAsync(organization, admin, byKey, "recruiter", Permissions.ReadWebhooks, Permissions.ManageWebhooks, Permissions.ReadMembers);
        foreach (var types in new[] { ["member.approved"], ["endpoint.*", "member.*"], new[] { "*" } })
        {
            using var refused = await manager.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = types });
            Assert.Equal("permission.denied", await refused.CodeAsync(HttpStatusCode.Forbidden));
        }

        // Every pattern of a list counts.
        using (var everything = await recruiter.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = Everything }))
        {
            Assert.Equal("permission.denied", await everything.CodeAsync(HttpStatusCode.Forbidden));
        }

        await recruiter.AddEndpointAsync(receiver.Url, ["member.*", "role.*"]);
        var (own, _) = await manager.AddEndpointAsync(receiver.Url, ["endpoint.*"]);
        Assert.Equal("permission.denied", await PatchAsync(manager, own, new { event_types = Members }));
        Assert.Equal("ok", await PatchAsync(manager, own, new { url = new Uri(receiver.Url, "/own"), headers = new { x = "y" } }));

        // What somebody else set up may be described, slowed down and made to hear less, but leads nowhere else.
        var (theirs, _) = await admin.AddEndpointAsync(receiver.Url, ["member.verified", "endpoint.*"]);
        Assert.Equal("permission.denied", await PatchAsync(manager, theirs, new { url = new Uri(receiver.Url, "/elsewhere") }));
        Assert.Equal("permission.denied", await PatchAsync(manager, theirs, new { headers = new { host_of = "mine" } }));
        Assert.Equal("ok", await PatchAsync(manager, theirs, new { url = receiver.Url, description = "CRM", rate_limit = 50, ordered = true }));
        Assert.Equal("ok", await PatchAsync(recruiter, theirs, new { url = new Uri(receiver.Url, "/crm") }));

        // Nor does it once it hears less: what it was sent can be sent again.
        await organization.RegisterAndVerifyAsync("grace");
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id WHERE m.type = 'member.verified' AND d.endpoint_id = '{theirs}' AND d.status = 'delivered'") == 1, "it is delivered");
        Assert.Equal("ok", await PatchAsync(manager, theirs, new { event_types = Endpoints }));
        Assert.Equal("permission.denied", await PatchAsync(manager, theirs, new { url = new Uri(receiver.Url, "/elsewhere") }));
        Assert.Equal("ok", await PatchAsync(recruiter, theirs, new { url = new Uri(receiver.Url, "/less") }));

        // Nor is its secret anybody's who may not say what it believes; nor are answers, which may repeat what they answer.
        foreach (var (by, status) in new[] { (manager, HttpStatusCode.Forbidden), (recruiter, HttpStatusCode.OK) })
        {
            var delivery = (await organization.QueryAsync<Guid>($"SELECT d.id FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id WHERE m.type = 'member.verified' AND d.endpoint_id = '{theirs}'"))[0];
            using var attempts = await by.GetAsync($"/webhooks/deliveries/{delivery}/attempts");
            using var rotated = await by.PostAsJsonAsync($"/webhooks/endpoints/{theirs}/rotate-secret", new { grace_hours = 0 });
            Assert.Equal((status, status), (attempts.StatusCode, rotated.StatusCode));
        }

        await (await manager.PostAsJsonAsync($"/webhooks/endpoints/{own}/rotate-secret", new { })).OkAsync();

        // Everybody sees that there are messages, and reads those about what they may read.
        var message = (await organization.QueryAsync<Guid>("SELECT id FROM webhook_messages WHERE type = 'member.verified'"))[0];
        Assert.Contains(message.ToString(), await manager.GetStringAsync("/webhooks/messages?type=member.verified"), StringComparison.Ordinal);
        using var closed = await manager.GetAsync($"/webhooks/messages/{message}");
        Assert.Equal("permission.denied", await closed.CodeAsync(HttpStatusCode.Forbidden));
        Assert.DoesNotContain("grace", await closed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("grace", await recruiter.GetStringAsync($"/webhooks/messages/{message}"), StringComparison.Ordinal);
        var tested = (await (await manager.PostAsync($"/webhooks/endpoints/{own}/test", null)).OkAsync(HttpStatusCode.Accepted)).GetProperty("message_id").GetGuid();
        await Eventually.HoldsAsync(async () => await organization.CountAsync($"webhook_messages WHERE id = '{tested}'") == 1, "the example is there");
        await (await manager.GetAsync($"/webhooks/messages/{tested}")).OkAsync();
    }

    [Fact] // SEC-40
    public async Task Stored_headers_go_to_no_other_server()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var other = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, _) = await admin.AddEndpointAsync(receiver.Url);
        Assert.Equal("ok", await PatchAsync(admin, id, new { headers = new { authorization = "Bearer of-the-first" } }));
        using (var refused = await admin.PatchAsJsonAsync($"/webhooks/endpoints/{id}", new { url = other.Url }))
        {
            var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (refused.StatusCode, problem.GetProperty("code").GetString()));
            Assert.Equal("headers", Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        }

        Assert.Equal(receiver.Url.ToString(), (await admin.EndpointAsync(id)).GetProperty("url").GetString());

        // Another path is the same server.
        Assert.Equal("ok", await PatchAsync(admin, id, new { url = new Uri(receiver.Url, "/moved?x=1") }));
        await organization.HappenAsync();
        var kept = (await receiver.WaitForAsync(1))[0];
        Assert.Equal(("/moved?x=1", "Bearer of-the-first"), (kept.Path, kept.Headers["authorization"]));
        await organization.DeliveriesAsync("delivered", 1);

        Assert.Equal("ok", await PatchAsync(admin, id, new { url = other.Url, headers = new { x_other = "of-the-second" } }));
        await organization.HappenAsync();
        var anew = (await other.WaitForAsync(1))[0];
        Assert.Equal((false, "of-the-second"), (anew.Headers.ContainsKey("authorization"), anew.Headers["x_other"]));
        await organization.DeliveriesAsync("delivered", 2);
        Assert.Equal("ok", await PatchAsync(admin, id, new { url = receiver.Url, headers = new { } }));
        Assert.Equal(0, (await admin.EndpointAsync(id)).GetProperty("headers").GetArrayLength());

        // Without any there is nothing to say about them.
        Assert.Equal("ok", await PatchAsync(admin, id, new { url = other.Url }));
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
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:webhook_endpoints"] = "3" }, Faults.Nodes.WithoutJobs);
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

    /// <summary>Somebody who may do just this: a member of such a role, or a key of the organization's own.</summary>
    private static async Task<HttpClient> WithAsync(TestOrganization organization, HttpClient admin, bool byKey, string name, params string[] permissions)
    {
        if (byKey)
        {
            return organization.WithKey(await admin.CreateKeyAsync(permissions));
        }

        await admin.DefineRoleAsync(name, permissions);
        await organization.AddActiveAsync(name, name);
        return await organization.SignInAsync(name);
    }

    /// <summary>Changes an endpoint; returns the code of the problem, or <c>ok</c>.</summary>
    private static async Task<string?> PatchAsync(HttpClient by, Guid id, object change)
    {
        using var answer = await by.PatchAsJsonAsync($"/webhooks/endpoints/{id}", change);
        return answer.IsSuccessStatusCode ? "ok" : (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
    }
}
