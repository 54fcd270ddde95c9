using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class MembersTests(ApiFixture fixture)
{
    [Fact]
    public async Task The_list_comes_in_pages_each_member_once_in_a_stable_order()
    {
        var organization = await fixture.OrganizationAsync();
        for (var i = 0; i < 7; i++)
        {
            await organization.AddPendingAsync($"person{i}");
        }

        using var admin = await organization.SignInAsync();
        var all = await Paged.AllAsync(admin, "/members", limit: 100);
        var paged = await Paged.AllAsync(admin, "/members", limit: 4);
        Assert.Equal(9, all.Count);
        Assert.Equal(all.Select(m => m.GetProperty("id").GetGuid()), paged.Select(m => m.GetProperty("id").GetGuid()));

        var one = await (await admin.GetAsync($"/members/{organization.UserId}")).OkAsync();
        Assert.Equal("user", one.GetProperty("username").GetString());
        var queue = await Paged.AllAsync(admin, "/admin-dashboard", limit: 3);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"person{i}"), queue.Select(m => m.GetProperty("username").GetString()).Order());
    }

    [Fact]
    public async Task Search_finds_parts_of_name_and_address_and_takes_no_wildcards()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddPendingAsync("snow_white");
        await organization.AddPendingAsync("snowdrop");
        using var admin = await organization.SignInAsync();

        Assert.Equal(["snow_white", "snowdrop"], await FoundAsync("SNOW"));
        Assert.Equal(["snow_white"], await FoundAsync("w_w"));
        Assert.Equal(["snowdrop"], await FoundAsync($"snowdrop@{organization.Identifier}"));
        Assert.Equal(["snowdrop"], await FoundAsync("full snowd"));
        Assert.Empty(await FoundAsync("%"));
        Assert.Empty(await FoundAsync("s_ow"));
        Assert.Empty(await FoundAsync("\\"));
        Assert.Equal(["user"], await FoundAsync("user&status=active"));

        async Task<string[]> FoundAsync(string search) =>
            [.. (await Paged.AllAsync(admin, $"/members?search={search.Replace("%", "%25", StringComparison.Ordinal).Replace("\\", "%5C", StringComparison.Ordinal)}", 100)).Select(m => m.GetProperty("username").GetString()!).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("/members?limit=0", "request.invalid")]
    [InlineData("/members?limit=101", "request.invalid")]
    [InlineData("/members?cursor=nonsense", "cursor.invalid")]
    [InlineData("/admin-dashboard?cursor=AQ", "cursor.invalid")]
    [InlineData("/audit-log?cursor=%21", "cursor.invalid")]
    [InlineData("/audit-log?limit=-1", "request.invalid")]
    public async Task Pages_that_no_list_has_are_refused(string path, string code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal(code, await (await admin.GetAsync(path)).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact] // SEC-3, SEC-35
    public async Task Members_of_another_organization_read_as_missing_and_users_may_not_look()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        foreach (var id in new[] { there.UserId, Ids.New(TimeProvider.System.GetUtcNow()) })
        {
            Assert.Equal("member.not_found", await (await admin.GetAsync($"/members/{id}")).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("member.not_found", await (await admin.PostAsJsonAsync($"/members/{id}/suspend", new { })).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("member.not_found", await (await admin.PostAsync($"/members/{id}/reactivate", null)).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("member.not_found", await (await admin.PostAsync($"/members/{id}/resend-set-password", null)).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("member.not_found", await (await admin.PutAsJsonAsync($"/members/{id}/role", new { role = "admin" })).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal(1, await there.CountAsync("members WHERE status = 'active' AND role = 'user'"));
        using var user = await here.SignInAsync("user");
        foreach (var path in new[] { "/members", $"/members/{here.AdminId}", "/audit-log", "/admin-dashboard" })
        {
            Assert.Equal("permission.denied", await (await user.GetAsync(path)).CodeAsync(HttpStatusCode.Forbidden));
        }

        Assert.Equal("permission.denied", await (await user.PutAsJsonAsync($"/members/{here.UserId}/role", new { role = "admin" })).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // SEC-48
    public async Task The_audit_log_is_filtered_and_comes_in_pages_newest_first()
    {
        var organization = await fixture.OrganizationAsync();
        var waiting = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync($"/members/{waiting}/approve", new { note = "Known" })).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { reason = "Left" })).OkAsync();
        await (await admin.PostAsync($"/members/{organization.UserId}/reactivate", null)).OkAsync();
        await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "admin" })).OkAsync();

        var byAdmin = await Paged.AllAsync(admin, $"/audit-log?actor={organization.AdminId}", limit: 2);
        Assert.Equal(
            ["member.role_changed", "member.reactivated", "member.suspended", "member.approved", "session.started"],
            byAdmin.OrderByDescending(e => e.GetProperty("occurred_at").GetDateTimeOffset()).Select(e => e.GetProperty("action").GetString()));
        var all = await Paged.AllAsync(admin, "/audit-log", limit: 3);
        Assert.Equal(all.Count, all.DistinctBy(e => e.GetProperty("id").GetGuid()).Count());
        Assert.Equal(await organization.CountAsync("audit_log"), all.Count);

        var approved = Assert.Single(await Paged.AllAsync(admin, "/audit-log?action=member.approved", limit: 5));
        Assert.Equal((waiting, organization.AdminId, "Known", "member"),
            (approved.GetProperty("subject_id").GetGuid(), approved.GetProperty("actor_id").GetGuid(), approved.GetProperty("note").GetString(), approved.GetProperty("actor_kind").GetString()));
        var at = Uri.EscapeDataString(approved.GetProperty("occurred_at").GetString()!);
        Assert.Single(await Paged.AllAsync(admin, $"/audit-log?action=member.approved&from={at}", limit: 5));
        Assert.Empty(await Paged.AllAsync(admin, $"/audit-log?action=member.approved&to={at}", limit: 5));
        Assert.Equal(4, (await Paged.AllAsync(admin, $"/audit-log?actor={organization.AdminId}&from={at}", limit: 2)).Count);
    }
}
