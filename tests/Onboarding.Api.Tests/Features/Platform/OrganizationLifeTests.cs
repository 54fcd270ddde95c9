using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Features.Billing;
using Onboarding.Api.Tests.Features.Leaving;
using Onboarding.Api.Tests.Features.SignUps;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>A super admin adds organizations, exports them, and sees them off.</summary>
public sealed class OrganizationLifeTests(ApiFixture fixture)
{
    [Fact]
    public async Task An_added_organization_serves_and_its_first_admin_is_asked_to_set_a_password()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var identifier = SignUpSteps.NewIdentifier();
        var added = await (await AddAsync(superAdmin, identifier, "premium")).OkAsync(HttpStatusCode.Created);
        Assert.Equal(("active", "premium"), (added.GetProperty("organization").GetProperty("status").GetString(), added.GetProperty("organization").GetProperty("plan").GetString()));
        var mail = await fixture.Smtp.WaitForAsync($"ada@{identifier}.test");
        using var client = fixture.App.ClientFor(identifier);
        await (await client.PostAsJsonAsync(mail.Link.AbsolutePath, new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        await (await client.PostAsJsonAsync("/login", new { username = "ada", password = TestOrganization.Password })).OkAsync();

        Assert.Equal("organization.identifier_taken", await (await AddAsync(superAdmin, identifier)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("request.invalid", await (await AddAsync(superAdmin, "admin")).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await AddAsync(superAdmin, SignUpSteps.NewIdentifier(), "unheard_of")).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Of_eight_who_add_the_same_one_at_once_one_succeeds()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var identifier = SignUpSteps.NewIdentifier();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AddAsync(superAdmin, identifier)));
        Assert.Equal((1, 7), (answers.Count(HttpStatusCode.Created), answers.Count(HttpStatusCode.Conflict)));
        Assert.Single(await Subscriber.SharedAsync<string>(fixture.App, $"SELECT note FROM platform.audit_log WHERE action = 'organization.added' AND note = '{identifier}'"));
    }

    [Fact] // SEC-7
    public async Task Deleting_serves_nobody_any_more_and_restoring_serves_everybody_again()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        var access = (await organization.TokensAsync("user")).Access();
        var path = $"/platform/organizations/{organization.Organization.Id}";
        var deleted = await (await superAdmin.DeleteAsync(path)).OkAsync(HttpStatusCode.Accepted);
        Assert.InRange(deleted.GetProperty("purge_at").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddDays(29), TimeProvider.System.GetUtcNow().AddDays(30));
        Assert.Equal("tenant.not_found", await (await organization.MeAsync(access)).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("organization.status_conflict", await (await superAdmin.EnterAsync(organization)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("deleting", (await (await superAdmin.GetAsync(path)).OkAsync()).GetProperty("organization").GetProperty("status").GetString());

        // Its end stays where it was.
        var again = await (await superAdmin.DeleteAsync(path)).OkAsync(HttpStatusCode.Accepted);
        Assert.InRange((again.GetProperty("purge_at").GetDateTimeOffset() - deleted.GetProperty("purge_at").GetDateTimeOffset()).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        await (await superAdmin.PostAsync($"{path}/restore", null)).OkAsync(HttpStatusCode.NoContent);
        await (await organization.MeAsync(access)).OkAsync();
        Assert.Equal("organization.status_conflict", await (await superAdmin.PostAsync($"{path}/restore", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(["organization.restored", "organization.deletion_begun"], (await superAdmin.AuditAsync(organization)).Select(entry => entry.GetProperty("action").GetString()));
        Assert.Equal(2, await organization.CountAsync("audit_log WHERE action IN ('organization.restored', 'organization.deletion_begun') AND actor_kind = 'super_admin'"));
        Assert.Equal("organization.not_found", await (await superAdmin.DeleteAsync($"/platform/organizations/{ApiRoute.SomeId}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("organization.not_found", await (await superAdmin.PostAsync($"/platform/organizations/{ApiRoute.SomeId}/restore", null)).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-7
    public async Task What_would_go_on_being_charged_is_not_deleted()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        Assert.Equal("organization.subscription_living", await (await superAdmin.DeleteAsync($"/platform/organizations/{subscriber.Organization.Organization.Id}")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("premium", await subscriber.PlanAsync());
    }

    [Fact] // SEC-7, SEC-37
    public async Task An_export_is_a_zip_with_its_manifest_and_is_told_in_both_logs_and_by_mail()
    {
        var one = await Operator.CreateAsync(fixture.App);
        using var superAdmin = Operator.WithToken(fixture.App, await one.TokenAsync());
        var organization = await fixture.OrganizationAsync();
        HttpResponseMessage answer = null!;
        var mail = await organization.MailOfAsync(
            organization.EmailOf("admin"), async () => answer = await superAdmin.GetAsync($"/platform/organizations/{organization.Organization.Id}/export"), "exported all data");
        Assert.Equal((HttpStatusCode.OK, "application/zip"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.StartsWith(organization.Identifier, answer.Content.Headers.ContentDisposition?.FileName?.Trim('"'), StringComparison.Ordinal);
        using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync());
        using var manifest = await JsonDocument.ParseAsync(zip.GetEntry("manifest.json")!.Open());
        Assert.Equal(organization.Identifier, manifest.RootElement.GetProperty("organization").GetProperty("identifier").GetString());

        Assert.Contains(one.UserName, mail.Text, StringComparison.Ordinal);

        // However late, such as when a suspended organization serves again, it is to be told.
        Assert.Equal([true], await organization.QueryAsync<bool>("SELECT expires_at IS NULL FROM emails WHERE template = 'organization_exported'"));
        Assert.DoesNotContain(fixture.Smtp.For(organization.EmailOf("user")), other => other.Text.Contains("exported all data", StringComparison.Ordinal));
        var told = Assert.Single(await superAdmin.AuditAsync(organization));
        Assert.Equal(("organization.exported", one.Id), (told.GetProperty("action").GetString(), told.GetProperty("actor_id").GetGuid()));
        Assert.Equal([$"super_admin {one.Id}"], await organization.QueryAsync<string>("SELECT actor_kind || ' ' || actor_id FROM audit_log WHERE action = 'organization.exported'"));
        Assert.DoesNotContain("organization.exported", LeavingSteps.Read(zip.GetEntry("tables/audit_log.ndjson")!), StringComparison.Ordinal);
        Assert.Equal("organization.not_found", await (await superAdmin.GetAsync($"/platform/organizations/{ApiRoute.SomeId}/export")).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // BILL-10, BILL-11
    public async Task Odd_customers_and_callbacks_are_seen_replayed_and_linked()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        var customer = await fixture.Stripe.CreateCustomerAsync("Made by hand");
        await fixture.Stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 2);
        var e = fixture.Stripe.Events.Last(e => e.Type == "customer.subscription.created" && e.Json.Contains(customer, StringComparison.Ordinal));
        await subscriber.DeliverAsync(e);
        Assert.Contains(await Paged.AllAsync(superAdmin, "/platform/billing/callbacks?state=unmatched", 3), callback => callback.GetProperty("event_id").GetString() == e.Id);
        Assert.Equal("callback.not_found", await (await superAdmin.PostAsJsonAsync("/platform/billing/callbacks/replay", new { event_id = e.Id })).CodeAsync(HttpStatusCode.NotFound));

        var path = $"/platform/organizations/{subscriber.Organization.Organization.Id}/billing/link";
        Assert.Equal("customer.not_found", await (await superAdmin.PostAsJsonAsync(path, new { customer = "cus_nobody" })).CodeAsync(HttpStatusCode.NotFound));
        await (await superAdmin.PostAsJsonAsync(path, new { customer })).OkAsync(HttpStatusCode.Accepted);
        await subscriber.HasPlanAsync("premium");
        Assert.Equal([$"super_admin stripe {customer}"], await subscriber.Organization.QueryAsync<string>($"SELECT actor_kind || ' ' || note FROM audit_log WHERE action = 'customer.link_requested' AND note LIKE '%{customer}'"));
        await (await superAdmin.PostAsJsonAsync("/platform/billing/callbacks/replay", new { event_id = e.Id })).OkAsync(HttpStatusCode.Accepted);
        await using var other = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        Assert.Equal("customer.taken", await (await superAdmin.PostAsJsonAsync($"/platform/organizations/{other.Organization.Organization.Id}/billing/link", new { customer })).CodeAsync(HttpStatusCode.Conflict));

        await subscriber.SettledAsync();
        await subscriber.SharedAsync<Guid>($"UPDATE billing.customers SET anomaly = 'It is odd.' WHERE organization_id = '{subscriber.Organization.Organization.Id}' RETURNING id");
        var trouble = (await Paged.AllAsync(superAdmin, "/platform/billing/troubles", 3)).Single(one => one.GetProperty("customer").GetString() == customer);
        Assert.Equal("It is odd.", trouble.GetProperty("anomaly").GetString());
    }

    private static Task<HttpResponseMessage> AddAsync(HttpClient superAdmin, string identifier, string? plan = null) =>
        superAdmin.PostAsJsonAsync("/platform/organizations", new { name = "Added", identifier, username = "ada", email = $"ada@{identifier}.test", full_name = "Ada Lovelace", plan });
}
