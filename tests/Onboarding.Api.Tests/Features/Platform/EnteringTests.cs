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

    [Theory] // SEC-37, SEC-45: the admins are to read why
    [InlineData("\u200B\u200B\u200B\u200B\u200B\u200B\u200B\u200B\u200B\u200B", false)]
    [InlineData(" \u2060\uFEFF\u00AD\u200D\u200E\u180E\n\u0301\u034F ", false)]
    [InlineData("\u3164\u3164\u3164\u3164\u3164\u3164\u3164\u2800\u115F\uFFA0", false)]
    [InlineData("\U000E0041\U000E0042\U000E0043\U000E0044\U000E0045", false)]
    [InlineData("\U000E0500\U000E0BFF\U000E0FFF", false)]
    [InlineData("\U0001D159\U0001D173\U0001D17A\U0001BCA0\U0001BCA3\U00016FE4", false)]
    [InlineData("Ticket 4711 \u202Ednuof", false)]
    [InlineData("Ticket 4711\u0007", false)]
    [InlineData("Ticket 4711:\r\n\tapprovals seem stuck.", true)]
    [InlineData("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 \u0628\u0628", true)]
    [InlineData("\U0001F50D\U0001F50D\U0001F50D\U0001F50D\U0001F50D", true)]
    [InlineData("\U0001D11E\U0001D158\U0001D15A\U0001D172\U0001D17B\U0001BCA4\U00016FE0\U00016FE3\U00020000\U00020001", true)]
    public async Task A_reason_is_something_that_can_be_read(string reason, bool good)
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        foreach (var deed in new[] { "access", "suspend" })
        {
            using var answer = await superAdmin.PostAsJsonAsync($"/platform/organizations/{organization.Organization.Id}/{deed}", new { reason });
            Assert.Equal((deed, good ? HttpStatusCode.OK : HttpStatusCode.BadRequest), (deed, answer.StatusCode));
            if (!good)
            {
                Assert.Equal("request.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
                Assert.True((await answer.JsonAsync()).GetProperty("errors").TryGetProperty("reason", out _));
            }
        }

        Assert.Equal(good ? 2 : 0, (await superAdmin.AuditAsync(organization)).Count);
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
