using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.FeatureManagement;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>The plan decides what an organization has, and how much.</summary>
public sealed class PlanLimitsTests(ApiFixture fixture)
{
    [Fact] // BILL-23, ONB-11
    public async Task Of_forty_who_are_let_in_at_once_five_have_a_seat()
    {
        // Two are taken by the organization's own admin and user.
        var organization = await TestOrganization.CreateAsync(fixture.App, plan: "free");
        using var admin = await organization.SignInAsync();
        var waiting = new List<Guid>();
        for (var i = 0; i < 40; i++)
        {
            waiting.Add(await organization.AddPendingAsync($"p{i}"));
        }

        var answers = await Task.WhenAll(waiting.Select(id => admin.PostAsJsonAsync($"/members/{id}/approve", new { })));
        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.OK))
        {
            var problem = await refused.JsonAsync();
            Assert.Equal((HttpStatusCode.Conflict, "quota.seats", 5, 5), (refused.StatusCode, problem.GetProperty("code").GetString(), problem.GetProperty("limit").GetInt32(), problem.GetProperty("used").GetInt32()));
        }

        Assert.Equal(5, (await organization.QueryAsync<long>("SELECT count(*) FROM members WHERE status IN ('approved', 'active')"))[0]);
        Assert.Equal(37, (await organization.QueryAsync<long>("SELECT count(*) FROM members WHERE status = 'pending_approval'"))[0]);
        Assert.Equal(3, (await organization.QueryAsync<long>("SELECT count(*) FROM outbox WHERE type = 'member.approved'"))[0]);
        Assert.Equal((5, 5), await UseAsync(admin, QuotaNames.Seats));

        // Many at once by one request, an invited person, somebody who comes back, and whoever a rule would let in.
        var bulk = await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids = waiting, action = "approve" })).OkAsync();
        Assert.DoesNotContain(bulk.GetProperty("results").EnumerateArray(), result => result.GetProperty("code").GetString() is null);
        await (await admin.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("grace"), role = Roles.User })).OkAsync(HttpStatusCode.Created);
        var link = (await fixture.Smtp.WaitForAsync(organization.EmailOf("grace"))).Link.AbsolutePath;
        var invited = new { username = "grace", full_name = "Grace Hopper", password = TestOrganization.Password };
        Assert.Equal("quota.seats", await (await organization.Anonymous.PostAsJsonAsync(link, invited)).CodeAsync(HttpStatusCode.Conflict));
        await (await admin.PostAsJsonAsync("/approval-rules", new { domain = $"{organization.Identifier}.test", action = "approve", role = Roles.User })).OkAsync(HttpStatusCode.Created);
        var queued = await organization.RegisterAndVerifyAsync("linus");
        Assert.Equal("pending_approval", (await organization.QueryAsync<string>($"SELECT status FROM members WHERE id = '{queued}'"))[0]);

        // Who leaves makes room, and who comes back needs it.
        await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { reason = "On leave." })).OkAsync();
        await (await organization.Anonymous.PostAsJsonAsync(link, invited)).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("quota.seats", await (await admin.PostAsync($"/members/{organization.UserId}/reactivate", null)).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact] // ONB-11, PERF-6
    public async Task While_seats_are_plenty_nobody_waits_and_whoever_takes_one_of_the_last_waits_for_them()
    {
        // More than the server has connections: 300.
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:seats"] = "400" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var waiting = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            waiting.Add(await organization.AddPendingAsync($"p{i}"));
        }

        await using var held = await RowLock.HoldAsync(organization, "LOCK TABLE platform.work IN SHARE MODE");
        var first = ApproveAsync(0);
        var second = ApproveAsync(1);
        await held.WaitForOwnWaitersAsync(2);

        // Both have counted, and neither is there yet. Only two seats are left now, which are theirs.
        await organization.QueryAsync<int>("""
            INSERT INTO members SELECT (jsonb_populate_record(m, jsonb_build_object(
              'id', gen_random_uuid(), 'user_name', 'x' || i, 'normalized_user_name', 'X' || i, 'email', i || '@x.test', 'normalized_email', i || '@X.TEST'))).*
            FROM members m, generate_series(1, 396) i WHERE m.user_name = 'user' RETURNING 1
            """);
        var third = ApproveAsync(2);
        await held.WaitForWaitersAsync(3);
        await held.ReleaseAsync();

        await (await first).OkAsync();
        await (await second).OkAsync();
        Assert.Equal("quota.seats", await (await third).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(400, await organization.CountAsync("members WHERE status IN ('approved', 'active')"));

        Task<HttpResponseMessage> ApproveAsync(int which) => admin.PostAsJsonAsync($"/members/{waiting[which]}/approve", new { });
    }

    [Fact] // BILL-23
    public async Task Of_four_hundred_requests_at_once_a_hundred_are_answered()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:api_requests"] = "100" }, Faults.Nodes.WithoutJobs);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var key = (await (await admin.PostAsJsonAsync("/api-keys", new { name = "Load", scopes = new[] { Permissions.ReadMembers }, rate_limit = 100_000 })).OkAsync(HttpStatusCode.Created)).GetProperty("key").GetString();
        using var machine = app.ClientFor(null);
        machine.DefaultRequestHeaders.Add("X-Api-Key", key);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            var statuses = new List<HttpStatusCode>();
            for (var i = 0; i < 10; i++)
            {
                using var answer = await machine.GetAsync("/members?limit=1");
                statuses.Add(answer.StatusCode);
            }

            return statuses;
        }));
        Assert.Equal(100, answers.SelectMany(statuses => statuses).Count(status => status == HttpStatusCode.OK));
        Assert.Equal(300, answers.SelectMany(statuses => statuses).Count(status => status == HttpStatusCode.TooManyRequests));

        using var refused = await machine.GetAsync("/members?limit=1");
        var problem = await refused.JsonAsync();
        Assert.Equal(("quota.api_requests", 100, 100), (problem.GetProperty("code").GetString(), problem.GetProperty("limit").GetInt32(), problem.GetProperty("used").GetInt32()));
        Assert.Equal(("100", "0"), (refused.Headers.GetValues("X-Quota-Limit").Single(), refused.Headers.GetValues("X-Quota-Remaining").Single()));
        Assert.True(refused.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal((100, 100), await UseAsync(admin, QuotaNames.ApiRequests));

        // People are not counted: whoever has used everything up can still sign in and buy more.
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/members?limit=1")).StatusCode);
    }

    [Fact] // BILL-23
    public async Task What_a_node_has_taken_and_not_used_goes_back_when_it_stops()
    {
        var settings = new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:api_requests"] = "1000" };
        TestOrganization organization;
        await using (var app = new TestApp(fixture.App.Database, fixture.Smtp, settings, Faults.Nodes.WithoutJobs))
        {
            app.StartServer();
            organization = await TestOrganization.CreateAsync(app);
            using var admin = await organization.SignInAsync();
            var key = (await (await admin.PostAsJsonAsync("/api-keys", new { name = "Load", scopes = new[] { Permissions.ReadMembers } })).OkAsync(HttpStatusCode.Created)).GetProperty("key").GetString();
            using var machine = app.ClientFor(null);
            machine.DefaultRequestHeaders.Add("X-Api-Key", key);
            for (var i = 0; i < 7; i++)
            {
                (await machine.GetAsync("/members?limit=1")).EnsureSuccessStatusCode();
            }

            Assert.Equal((7, 1000), await UseAsync(admin, QuotaNames.ApiRequests));
            Assert.Equal(50, await UsedAsync(organization));
        }

        Assert.Equal(7, await UsedAsync(organization));
    }

    [Fact]
    public async Task A_small_plan_has_two_keys_and_one_endpoint_and_says_which_plan_has_more()
    {
        var organization = await TestOrganization.CreateAsync(fixture.App, plan: "free");
        using var admin = await organization.SignInAsync();
        var key = new { name = "Printer", scopes = new[] { Permissions.ReadMembers } };
        await (await admin.PostAsJsonAsync("/api-keys", key)).OkAsync(HttpStatusCode.Created);
        await (await admin.PostAsJsonAsync("/api-keys", key)).OkAsync(HttpStatusCode.Created);
        using var third = await admin.PostAsJsonAsync("/api-keys", key);
        var problem = await third.JsonAsync();
        Assert.Equal((HttpStatusCode.Forbidden, "feature.not_in_plan", "more_api_keys", "premium", 2), (third.StatusCode, problem.GetProperty("code").GetString(), problem.GetProperty("feature").GetString(), problem.GetProperty("plan").GetString(), problem.GetProperty("limit").GetInt32()));

        var endpoint = new { url = "http://localhost/hooks", event_types = new[] { "member.*" } };
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", endpoint)).OkAsync(HttpStatusCode.Created);
        Assert.Equal("feature.not_in_plan", await (await admin.PostAsJsonAsync("/webhooks/endpoints", endpoint)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal((2, 2), await UseAsync(admin, QuotaNames.ApiKeys));
    }

    [Theory]
    [InlineData("POST", "/roles", """{"name":"recruiter","permissions":[]}""")]
    [InlineData("PATCH", "/organization", """{"branding":{"accent_color":"#aa0000"}}""")]
    [InlineData("GET", "/audit-log/export", null)]
    public async Task What_a_plan_does_not_have_is_refused_and_the_plan_that_has_it_is_named(string method, string path, string? body)
    {
        var (free, premium) = (await TestOrganization.CreateAsync(fixture.App, plan: "free"), await fixture.OrganizationAsync());
        using var refused = await SendAsync(free);
        var problem = await refused.JsonAsync();
        Assert.Equal((HttpStatusCode.Forbidden, "feature.not_in_plan", "premium"), (refused.StatusCode, problem.GetProperty("code").GetString(), problem.GetProperty("plan").GetString()));
        using var done = await SendAsync(premium);
        Assert.True(done.IsSuccessStatusCode, $"{(int)done.StatusCode}");

        async Task<HttpResponseMessage> SendAsync(TestOrganization organization)
        {
            using var admin = await organization.SignInAsync();
            using var request = new HttpRequestMessage(new(method), path) { Content = body is null ? null : new StringContent(body, null, "application/json") };
            return await admin.SendAsync(request);
        }
    }

    [Fact]
    public async Task The_audit_log_is_exported_whole_line_by_line()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await organization.QueryAsync<long>("INSERT INTO audit_log (id, occurred_at, action, actor_kind) SELECT gen_random_uuid(), now(), 'made.up', 'system' FROM generate_series(1, 2300); SELECT 1::bigint");
        var lines = (await (await admin.GetAsync("/audit-log/export?action=made.up")).Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2300, lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetGuid()).Distinct().Count());
        using var user = await organization.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.GetAsync("/audit-log/export")).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // BILL-24
    public async Task Two_organizations_in_one_scope_have_their_own_features()
    {
        var (free, premium) = ((await TestOrganization.CreateAsync(fixture.App, plan: "free")).Organization, (await fixture.OrganizationAsync()).Organization);
        await using var scope = fixture.App.Services.CreateAsyncScope();
        var setter = scope.ServiceProvider.GetRequiredService<IMultiTenantContextSetter>();
        var features = scope.ServiceProvider.GetRequiredService<IFeatureManager>();
        foreach (var (organization, has) in new[] { (premium, true), (free, false), (premium, true), (free, false) })
        {
            setter.MultiTenantContext = new MultiTenantContext<Organization>(organization);
            Assert.Equal(has, await features.IsEnabledAsync(FeatureNames.CustomRoles));
        }
    }

    [Fact] // BILL-24
    public async Task A_change_is_seen_on_another_node_within_two_seconds()
    {
        await using var other = new TestApp(fixture.App.Database, fixture.Smtp, TestStripe.SettingsFor(fixture.Stripe));
        other.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        using var elsewhere = other.ClientFor(subscriber.Organization.Identifier);
        elsewhere.DefaultRequestHeaders.Authorization = subscriber.Admin.DefaultRequestHeaders.Authorization;
        Assert.False(await IsOnAsync(elsewhere));
        await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        await Eventually.HoldsAsync(() => IsOnAsync(elsewhere), "the other node knows", Eventually.Soon);
        Assert.True(await IsOnAsync(subscriber.Admin));

        // And so is what was settled for it alone, which goes before its plan.
        await SettleAsync(subscriber.Organization.Organization, new() { Features = new Dictionary<string, bool> { [FeatureNames.CustomRoles] = false }, Quotas = new Dictionary<string, long> { [QuotaNames.Seats] = 2 } });
        await Eventually.HoldsAsync(async () => !await IsOnAsync(elsewhere) && !await IsOnAsync(subscriber.Admin), "both nodes know", Eventually.Soon);
        Assert.Equal((2, 2), await UseAsync(elsewhere, QuotaNames.Seats));
        Assert.Equal("premium", await subscriber.PlanAsync());
    }

    [Fact]
    public async Task Only_who_manages_billing_sees_and_changes_it()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        foreach (var path in new[] { "/billing/subscription", "/billing/invoices", "/billing/usage" })
        {
            Assert.Equal("permission.denied", await (await user.GetAsync(path)).CodeAsync(HttpStatusCode.Forbidden));
        }

        foreach (var path in new[] { "/billing/portal", "/billing/cancel", "/billing/resume", "/billing/subscription/refresh" })
        {
            Assert.Equal("permission.denied", await (await user.PostAsync(path, null)).CodeAsync(HttpStatusCode.Forbidden));
        }

        Assert.Equal("permission.denied", await (await user.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.NotEmpty((await (await user.GetAsync("/features")).OkAsync()).GetProperty("data").EnumerateArray());
        using var anybody = fixture.App.ClientFor(null);
        Assert.Equal(["free", "premium"], (await (await anybody.GetAsync("/billing/plans")).OkAsync()).GetProperty("data").EnumerateArray().Select(plan => plan.GetProperty("key").GetString()));
    }

    private async Task SettleAsync(Organization organization, PlanOverrides overrides)
    {
        await using var platform = await fixture.App.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
        (await platform.Organizations.SingleAsync(o => o.Id == organization.Id)).Settle(overrides, TimeProvider.System.GetUtcNow());
        await platform.SaveChangesAsync();
        await fixture.App.Services.GetRequiredService<ClusterSignals>().OrganizationChangedAsync(organization.Key, CancellationToken.None);
    }

    private static async Task<bool> IsOnAsync(HttpClient client) => (await (await client.GetAsync("/features")).OkAsync()).GetProperty("data").EnumerateArray()
        .Single(feature => feature.GetProperty("name").GetString() == FeatureNames.CustomRoles).GetProperty("enabled").GetBoolean();

    private static async Task<(long Used, long Limit)> UseAsync(HttpClient admin, string quota)
    {
        var use = (await (await admin.GetAsync("/billing/usage")).OkAsync()).GetProperty("data").EnumerateArray().Single(one => one.GetProperty("quota").GetString() == quota);
        return (use.GetProperty("used").GetInt64(), use.GetProperty("limit").GetInt64());
    }

    private async Task<long> UsedAsync(TestOrganization organization) =>
        (await Subscriber.SharedAsync<long>(fixture.App, $"SELECT used FROM {organization.Organization.Schema}.usage_counters WHERE name = 'api_requests'")).Single();
}
