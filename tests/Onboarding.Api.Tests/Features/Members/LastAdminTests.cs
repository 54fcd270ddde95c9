using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class LastAdminTests(ApiFixture fixture)
{
    private const string ActiveAdmins = "members WHERE status = 'active' AND role = 'admin'";

    [Fact] // ONB-15
    public async Task The_last_admin_can_neither_be_suspended_nor_demoted_and_stays_signed_in()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal("member.last_admin", await (await admin.PostAsJsonAsync($"/members/{organization.AdminId}/suspend", new { })).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("member.last_admin", await (await admin.PutAsJsonAsync($"/members/{organization.AdminId}/role", new { role = "user" })).CodeAsync(HttpStatusCode.Conflict));

        Assert.Equal(1, await organization.CountAsync(ActiveAdmins));
        Assert.Equal(0, await organization.CountAsync("audit_log WHERE action IN ('member.suspended', 'member.role_changed', 'session.ended')"));
        await (await admin.GetAsync("/me")).OkAsync();
    }

    [Fact] // ONB-15
    public async Task An_admin_who_is_suspended_counts_for_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        var second = await organization.AddActiveAsync("admin2", Roles.Admin);
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync($"/members/{second}/suspend", new { })).OkAsync();
        Assert.Equal("member.last_admin", await (await admin.PutAsJsonAsync($"/members/{organization.AdminId}/role", new { role = "user" })).CodeAsync(HttpStatusCode.Conflict));

        await (await admin.PostAsync($"/members/{second}/reactivate", null)).OkAsync();
        await (await admin.PutAsJsonAsync($"/members/{organization.AdminId}/role", new { role = "user" })).OkAsync();
        Assert.Equal(1, await organization.CountAsync(ActiveAdmins));
    }

    [Theory] // ONB-15
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_admins_who_shut_each_other_out_at_once_leave_one(bool demote)
    {
        var organization = await fixture.OrganizationAsync();
        var other = await organization.AddActiveAsync("admin2", Roles.Admin);
        using var first = await organization.SignInAsync();
        using var second = await organization.SignInAsync("admin2");

        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members WHERE role = 'admin' ORDER BY id FOR UPDATE");
        var racing = new[] { ShutOutAsync(first, other), ShutOutAsync(second, organization.AdminId) };
        await rows.WaitForWaitersAsync(2);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal("member.last_admin", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync(ActiveAdmins));

        Task<HttpResponseMessage> ShutOutAsync(HttpClient client, Guid id) => demote
            ? client.PutAsJsonAsync($"/members/{id}/role", new { role = "user" })
            : client.PostAsJsonAsync($"/members/{id}/suspend", new { });
    }
}
