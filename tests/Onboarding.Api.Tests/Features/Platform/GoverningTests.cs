using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>A super admin sees all organizations, and governs them.</summary>
public sealed class GoverningTests(ApiFixture fixture)
{
    [Fact]
    public async Task Organizations_are_found_by_name_plan_and_status_with_their_figures()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var (free, premium) = (await TestOrganization.CreateAsync(fixture.App, plan: "free"), await fixture.OrganizationAsync());
        await free.AddPendingAsync("ada");
        await free.TokensAsync("user");
        var found = Assert.Single(await ListAsync($"search={free.Identifier}"));
        Assert.Equal(free.Identifier, found.GetProperty("identifier").GetString());
        var figures = found.GetProperty("figures");
        Assert.Equal((2, 1), (figures.GetProperty("members").GetInt32(), figures.GetProperty("waiting").GetInt32()));
        Assert.InRange(figures.GetProperty("last_activity_at").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow());
        Assert.Single(await ListAsync($"search={Uri.EscapeDataString($"NAME OF {free.Identifier}".ToUpperInvariant())}&plan=free&status=active"));
        Assert.Empty(await ListAsync($"search={free.Identifier}&plan=premium"));
        Assert.Empty(await ListAsync($"search={premium.Identifier}&status=suspended"));
        Assert.Empty(await ListAsync($"search={Uri.EscapeDataString("%")}{premium.Identifier}"));
        Assert.Equal("request.malformed", await (await superAdmin.GetAsync("/platform/organizations?status=sleeping")).CodeAsync(HttpStatusCode.BadRequest));

        var details = await (await superAdmin.GetAsync($"/platform/organizations/{premium.Organization.Id}")).OkAsync();
        Assert.Equal($"http://{premium.Identifier}.localhost", details.GetProperty("url").GetString());
        Assert.Equal("organization.not_found", await (await superAdmin.GetAsync($"/platform/organizations/{ApiRoute.SomeId}")).CodeAsync(HttpStatusCode.NotFound));

        // Page by page each once.
        var all = await Paged.AllAsync(superAdmin, "/platform/organizations", 7);
        Assert.Equal(all.Count, all.Select(o => o.GetProperty("id").GetGuid()).Distinct().Count());
        Assert.Contains(all, o => o.GetProperty("identifier").GetString() == free.Identifier);

        async Task<List<JsonElement>> ListAsync(string query) => [.. (await (await superAdmin.GetAsync($"/platform/organizations?{query}")).OkAsync()).GetProperty("data").EnumerateArray()];
    }

    [Fact]
    public async Task Organizations_that_cannot_be_read_just_now_hide_no_others_figures()
    {
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp);
        app.StartServer();
        using var superAdmin = await Operator.SignInAsync(app);
        var organizations = new List<TestOrganization>();
        for (var i = 0; i < 5; i++)
        {
            organizations.Add(await TestOrganization.CreateAsync(app));
        }

        await organizations[3].QueryAsync<long>("ALTER TABLE audit_log RENAME TO audit_log_away; SELECT 1::bigint");
        await using var held = await RowLock.HoldAsync(organizations[1], "LOCK TABLE members");
        var shown = (await (await superAdmin.GetAsync("/platform/organizations")).OkAsync()).GetProperty("data").EnumerateArray();
        Assert.Equal(
            [JsonValueKind.Object, JsonValueKind.Null, JsonValueKind.Object, JsonValueKind.Null, JsonValueKind.Object],
            shown.OrderBy(o => organizations.FindIndex(known => known.Identifier == o.GetProperty("identifier").GetString())).Select(o => o.GetProperty("figures").ValueKind));
    }

    [Fact] // ONB-14
    public async Task Suspending_stops_sessions_keys_mails_and_webhooks_on_two_nodes_and_reactivating_loses_nothing()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var other = new TestApp(fixture.App.Database, fixture.Smtp);
        other.StartServer();
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        var access = (await organization.TokensAsync("user")).Access();
        await organization.SettledAsync();
        await (await organization.MeAsync(access, other)).OkAsync();
        var before = receiver.Requests.Count;

        await (await superAdmin.SuspendAsync(organization)).OkAsync();
        foreach (var node in new[] { fixture.App, other })
        {
            await Eventually.HoldsAsync(async () => (await organization.MeAsync(access, node)).StatusCode == HttpStatusCode.Forbidden, "sessions are refused", Eventually.Soon);
            using var machine = node.ClientFor(organization.Identifier);
            machine.DefaultRequestHeaders.Authorization = new("Bearer", key.Key);
            Assert.Equal("tenant.suspended", await (await machine.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        }

        // What happens meanwhile waits: an event with its webhook, and a mail.
        var email = organization.EmailOf("late");
        var messages = await organization.HappenAsync(3);
        await Eventually.HoldsAsync(async () => await PausedAsync() > 0, "a worker has met it and put it off");
        Assert.Equal(before, receiver.Requests.Count);

        await (await superAdmin.ReactivateAsync(organization)).OkAsync();
        var resumed = await Eventually.HoldsAsync(() => Task.FromResult(receiver.Requests.Count >= before + messages.Count), "all that waited has arrived");
        Assert.True(resumed < TimeSpan.FromSeconds(40), $"{resumed}");
        Assert.Equal(messages.Select(message => message.HeaderId()).Order(), receiver.Requests.Skip(before).Select(request => request.Id).Distinct().Order());
        await (await organization.MeAsync(access)).OkAsync();
        await (await organization.MeAsync(access, other)).OkAsync();
        await organization.MailOfAsync(email, () => organization.RegisterAsync("late"));

        // Both logs tell it, and who did it and why.
        Assert.Equal(["organization.reactivated", "organization.suspended"], (await superAdmin.AuditAsync(organization)).Select(entry => entry.GetProperty("action").GetString()));
        Assert.Equal(["super_admin Three invoices are open."], await organization.QueryAsync<string>("SELECT actor_kind || ' ' || note FROM audit_log WHERE action = 'organization.suspended'"));
        Assert.Equal("organization.status_conflict", await (await superAdmin.ReactivateAsync(organization)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("organization.not_found", await (await superAdmin.PostAsync($"/platform/organizations/{ApiRoute.SomeId}/reactivate", null)).CodeAsync(HttpStatusCode.NotFound));

        async Task<long> PausedAsync() => (await organization.QueryAsync<long>($"SELECT count(*) FROM platform.work WHERE organization_id = '{organization.Organization.Id}' AND claim_id IS NULL AND due_at > now() + interval '40 seconds'"))[0];
    }

    [Fact] // ONB-14
    public async Task Of_eight_who_suspend_and_reactivate_at_once_each_sees_what_the_others_did()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => superAdmin.SuspendAsync(organization)));
        Assert.Equal((1, 7), (answers.Count(HttpStatusCode.OK), answers.Count(HttpStatusCode.Conflict)));
        Assert.Single(await superAdmin.AuditAsync(organization));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.suspended'"));
    }

    [Fact]
    public async Task Who_can_pay_for_a_suspended_organization_signs_in_and_reaches_billing_and_nothing_else()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        var before = await organization.TokensAsync("admin");
        var users = await organization.TokensAsync("user");
        await (await superAdmin.SuspendAsync(organization)).OkAsync();

        var tokens = await (await organization.TryLoginAsync("admin")).OkAsync();
        foreach (var access in new[] { before.Access(), tokens.Access(), (await (await organization.RefreshAsync(before.Refresh())).OkAsync()).Access() })
        {
            using var admin = organization.WithToken(access);
            await (await admin.GetAsync("/billing/subscription")).OkAsync();
            await (await admin.GetAsync("/me")).OkAsync();
            Assert.Equal("tenant.suspended", await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
            Assert.Equal("tenant.suspended", await (await admin.PostAsJsonAsync("/api-keys", new { name = "x", scopes = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Forbidden));
        }

        Assert.Equal("tenant.suspended", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user", "wrong wrong wrong")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("tenant.suspended", await (await organization.RefreshAsync(users.Refresh())).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("tenant.suspended", await (await organization.MeAsync(users.Access())).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("tenant.suspended", await (await organization.RegisterAsync("ada")).CodeAsync(HttpStatusCode.Forbidden));

        // Nothing was taken from whoever was shut out.
        await (await superAdmin.ReactivateAsync(organization)).OkAsync();
        await (await organization.RefreshAsync(users.Refresh())).OkAsync();
    }

    [Fact]
    public async Task What_is_settled_for_one_organization_goes_before_its_plan()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await TestOrganization.CreateAsync(fixture.App, plan: "free");
        using var admin = await organization.SignInAsync();
        var path = $"/platform/organizations/{organization.Organization.Id}/overrides";
        var answer = await (await superAdmin.PutAsJsonAsync(path, new { features = new { custom_roles = true }, quotas = new { seats = 7 }, reason = "Agreed on 3 March." })).OkAsync();
        Assert.True(answer.GetProperty("overrides").GetProperty("features").GetProperty("custom_roles").GetBoolean());
        await admin.DefineRoleAsync("recruiter");
        Assert.Equal("request.invalid", await (await superAdmin.PutAsJsonAsync(path, new { features = new { unheard_of = true }, quotas = new { }, reason = "Agreed." })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await superAdmin.PutAsJsonAsync(path, new { features = new { }, quotas = new { seats = -1 }, reason = "Agreed." })).CodeAsync(HttpStatusCode.BadRequest));
        await (await superAdmin.PutAsJsonAsync(path, new { features = new { }, quotas = new { }, reason = "Over." })).OkAsync();
        Assert.Equal("feature.not_in_plan", await (await admin.PostAsJsonAsync("/roles", new { name = "second", permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal(2, (await superAdmin.AuditAsync(organization)).Count);
    }
}
