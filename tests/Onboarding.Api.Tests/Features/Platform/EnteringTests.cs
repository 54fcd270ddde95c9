using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>A super admin acts inside an organization: for a reason, for a while, and seen by everybody whom it concerns (SEC-37).</summary>
public sealed class EnteringTests(ApiFixture fixture)
{
    private static readonly string[] Scopes = ["members:read"];

    [Fact] // SEC-37
    public async Task Entering_needs_a_reason_and_is_told_in_both_logs_and_by_mail()
    {
        var one = await Operator.CreateAsync(fixture.App);
        using var superAdmin = Operator.WithToken(fixture.App, await one.TokenAsync());
        var organization = await fixture.OrganizationAsync();
        var path = $"/platform/organizations/{organization.Organization.Id}/access";
        Assert.Equal("request.invalid", await (await superAdmin.PostAsJsonAsync(path, new { reason = "because" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Empty(await superAdmin.AuditAsync(organization));

        var mail = await organization.MailOfAsync(organization.EmailOf("admin"), () => superAdmin.EnterAsync(organization), "Ticket 4711");
        Assert.Contains(one.UserName, mail.Text, StringComparison.Ordinal);
        Assert.Contains("change nothing", mail.Text, StringComparison.Ordinal);
        var told = Assert.Single(await superAdmin.AuditAsync(organization));
        Assert.Equal(("organization.entered", one.Id), (told.GetProperty("action").GetString(), told.GetProperty("actor_id").GetGuid()));
        using var admin = await organization.SignInAsync();
        var own = Assert.Single((await (await admin.GetAsync("/audit-log?action=organization.entered")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal(("super_admin", told.GetProperty("subject_id").GetGuid()), (own.GetProperty("actor_kind").GetString(), own.GetProperty("subject_id").GetGuid()));
        Assert.Contains("Ticket 4711", own.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal("organization.not_found", await (await superAdmin.PostAsJsonAsync($"/platform/organizations/{ApiRoute.SomeId}/access", new { reason = "Ticket 4711: nobody." })).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-37
    public async Task Who_entered_to_look_changes_nothing_and_every_look_is_told()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        var waiting = await organization.AddPendingAsync("ada");
        using var looking = await superAdmin.ActAsync(organization);
        await (await looking.GetAsync("/members")).OkAsync();
        Assert.Equal("access.read_only", await (await looking.PostAsJsonAsync($"/members/{waiting}/approve", new { })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await looking.GetAsync("/me")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal(["pending_approval"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE id = '{waiting}'"));
        Assert.Equal(["GET /members"], await organization.QueryAsync<string>("SELECT note FROM audit_log WHERE action = 'super_admin.request'"));
    }

    [Fact] // SEC-37
    public async Task Who_entered_to_change_something_does_so_under_their_own_name()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        var waiting = await organization.AddPendingAsync("ada");
        using var acting = await superAdmin.ActAsync(organization, write: true);
        await (await acting.PostAsJsonAsync($"/members/{waiting}/approve", new { })).OkAsync();
        Assert.Equal(["super_admin"], await organization.QueryAsync<string>($"SELECT actor_kind FROM audit_log WHERE action = 'member.approved' AND subject_id = '{waiting}'"));

        // Nothing that would outlive it: neither a session nor a key, nobody who is let in as more than a user, no address for events.
        var other = await organization.AddPendingAsync("grace");
        Assert.Equal("role.not_grantable", await (await acting.PostAsJsonAsync($"/members/{other}/approve", new { role = "admin" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await acting.PostAsJsonAsync("/invitations", new { email = "me@example.com", role = "user" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await acting.PostAsJsonAsync("/webhooks/endpoints", new { url = "https://example.com/hooks", event_types = Scopes })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await acting.PostAsJsonAsync("/me/api-keys", new { name = "Mine", scopes = Scopes })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await acting.GetAsync("/me/sessions")).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // SEC-1, SEC-24, SEC-37
    public async Task The_token_is_for_one_organization_and_ends_with_the_session()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var entered = await (await superAdmin.EnterAsync(a)).OkAsync();
        Assert.InRange(entered.GetProperty("expires_in").GetInt32(), 1_700, 1_800);
        using var inA = a.WithToken(entered.Access());
        await (await inA.GetAsync("/members")).OkAsync();
        using var inB = b.WithToken(entered.Access());
        Assert.Equal("tenant.mismatch", await (await inB.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
        using var onPlatform = Operator.WithToken(fixture.App, entered.Access());
        Assert.Equal("token.invalid", await (await onPlatform.GetAsync("/platform/organizations")).CodeAsync(HttpStatusCode.Unauthorized));

        await (await superAdmin.PostAsync("/platform/logout", null)).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("token.invalid", await (await inA.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-37
    public async Task Nobody_enters_what_does_not_serve()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        using var acting = await superAdmin.ActAsync(organization, write: true);
        await (await superAdmin.SuspendAsync(organization)).OkAsync();
        Assert.Equal("organization.status_conflict", await (await superAdmin.EnterAsync(organization)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("tenant.suspended", await (await acting.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("tenant.suspended", await (await acting.GetAsync("/billing/subscription")).CodeAsync(HttpStatusCode.Forbidden));
    }
}
