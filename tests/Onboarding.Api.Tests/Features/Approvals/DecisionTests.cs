using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Approvals;

public sealed class DecisionTests(ApiFixture fixture)
{
    [Fact] // ONB-8
    public async Task An_admin_approves_with_a_role_and_the_member_has_its_rights()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        var link = (await organization.MailOfAsync(organization.EmailOf("ada"), () => admin.PostAsJsonAsync($"/members/{id}/approve", new { role = "admin", note = "Known from the kick-off" }))).Token();
        await (await organization.SetPasswordAsync(link)).OkAsync(HttpStatusCode.NoContent);

        using var ada = await organization.SignInAsync("ada");
        await (await ada.GetAsync("/admin-dashboard")).OkAsync();
        Assert.Equal("Known from the kick-off", Assert.Single(await organization.QueryAsync<string>($"SELECT note FROM audit_log WHERE action = 'member.approved' AND subject_id = '{id}' AND actor_id = '{organization.AdminId}'")));
    }

    [Theory] // ONB-8
    [InlineData("super_admin")]
    [InlineData("owner")]
    [InlineData("")]
    [InlineData("Admin")]
    public async Task Roles_that_the_organization_does_not_have_cannot_be_given(string role)
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();

        Assert.Equal("role.unknown", await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { role })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("role.unknown", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, role, action = "approve" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("role.unknown", await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = role.Length == 0 ? "none" : role })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(1, await organization.CountAsync("members WHERE status = 'pending_approval' AND role IS NULL"));
    }

    [Fact] // ONB-8
    public void Nobody_grants_more_than_they_hold()
    {
        var organization = Organization.Register("acme", "Acme", "free", DateTimeOffset.UnixEpoch);
        Assert.False(organization.MayGrant(organization.PermissionsOf(Roles.User), Roles.Admin));
        Assert.False(organization.MayGrant(new HashSet<string> { Permissions.ApproveMembers }, Roles.Admin));
        Assert.True(organization.MayGrant(new HashSet<string> { Permissions.ApproveMembers }, Roles.User));
        Assert.True(organization.MayGrant(organization.PermissionsOf(Roles.Admin), Roles.Admin));
    }

    [Fact] // SEC-14, SEC-35
    public async Task Only_those_who_may_decide_decide()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var user = await organization.SignInAsync("user");
        foreach (var (client, status, code) in new[] { (user, HttpStatusCode.Forbidden, "permission.denied"), (organization.Anonymous, HttpStatusCode.Unauthorized, "credentials.required") })
        {
            Assert.Equal(code, await (await client.GetAsync("/admin-dashboard")).CodeAsync(status));
            Assert.Equal(code, await (await client.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" })).CodeAsync(status));
            Assert.Equal(code, await (await client.PostAsJsonAsync($"/members/{id}/approve", new { })).CodeAsync(status));
            Assert.Equal(code, await (await client.PostAsJsonAsync($"/members/{id}/reject", new { reason = "No" })).CodeAsync(status));
        }

        Assert.Equal(1, await organization.CountAsync("members WHERE status = 'pending_approval'"));
    }

    [Fact] // SEC-3, SEC-14
    public async Task A_person_of_another_organization_reads_as_missing()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var id = await there.AddPendingAsync("ada");
        using var admin = await here.SignInAsync();

        Assert.Equal("member.not_found", await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("member.not_found", await (await admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = "No" })).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("member.not_found", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" })).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(1, await there.CountAsync("members WHERE status = 'pending_approval'"));
    }

    [Fact] // SEC-14
    public async Task Nobody_decides_about_oneself()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal("member.already_decided", await (await admin.PostAsJsonAsync($"/members/{organization.AdminId}/approve", new { role = "admin" })).CodeAsync(HttpStatusCode.Conflict));

        // Who waits has no credential with which to ask.
        await organization.AddPendingAsync("eve");
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("eve")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // ONB-12
    public async Task When_the_mail_after_an_approval_bounces_the_queue_says_so_and_a_resend_gets_the_person_in()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        smtp.Respond550();
        await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).OkAsync();

        await Eventually.HoldsAsync(
            async () => (await MemberAsync(admin)).GetProperty("mail").GetString() == "failed", "the queue shows that the mail failed");
        Assert.Equal("approved", (await MemberAsync(admin)).GetProperty("status").GetString());

        smtp.Normal();
        var mail = await organization.MailOfAsync(organization.EmailOf("ada"), () => admin.PostAsync($"/members/{id}/resend-set-password", null));
        await (await organization.SetPasswordAsync(mail.Token())).OkAsync(HttpStatusCode.NoContent);
        await organization.TokensAsync("ada");

        static async Task<System.Text.Json.JsonElement> MemberAsync(HttpClient admin) =>
            Assert.Single((await (await admin.GetAsync("/admin-dashboard?status=approved")).OkAsync()).GetProperty("data").EnumerateArray());
    }
}
