using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class MemberSessionsTests(ApiFixture fixture)
{
    [Fact] // SEC-24, SEC-25
    public async Task An_admin_sees_a_members_live_sessions_and_ends_them_on_every_node()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        using var admin = await organization.SignInAsync();
        var (one, two, gone) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        await organization.LogoutAsync(gone.Refresh());
        await (await organization.MeAsync(one.Access(), second)).OkAsync();

        var sessions = await Paged.AllAsync(admin, $"/members/{organization.UserId}/sessions", limit: 1);
        Assert.Equal(2, sessions.Count);
        Assert.Equal(sessions.OrderByDescending(s => s.GetProperty("created_at").GetDateTimeOffset()).Select(s => s.GetProperty("id").GetGuid()), sessions.Select(s => s.GetProperty("id").GetGuid()));
        Assert.All(sessions, session => Assert.Equal("127.0.0.1", session.GetProperty("ip_address").GetString()));

        await (await admin.DeleteAsync($"/members/{organization.UserId}/sessions")).OkAsync(HttpStatusCode.NoContent);

        foreach (var tokens in new[] { one, two })
        {
            Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
            Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
            await Eventually.HoldsAsync(
                async () => (await organization.MeAsync(tokens.Access(), second)).StatusCode == HttpStatusCode.Unauthorized, "the other node refuses the token");
        }

        Assert.Empty(await Paged.AllAsync(admin, $"/members/{organization.UserId}/sessions", limit: 10));
        Assert.Equal(2, await organization.CountAsync($"audit_log WHERE action = 'session.ended' AND subject_id = '{organization.UserId}' AND actor_id = '{organization.AdminId}'"));
        await (await admin.GetAsync("/me")).OkAsync();
        await organization.TokensAsync("user");
    }

    [Fact] // SEC-25
    public async Task Of_two_admins_who_end_the_same_sessions_one_records_it()
    {
        var organization = await fixture.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        using var admin = await organization.SignInAsync();
        using var other = await organization.SignInAsync();

        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{organization.UserId}' FOR UPDATE");
        var racing = new[] { admin, other }.Select(client => client.DeleteAsync($"/members/{organization.UserId}/sessions")).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        Assert.Equal(2, (await Task.WhenAll(racing)).Count(HttpStatusCode.NoContent));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'session.ended'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'session.ended'"));
        Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-3, SEC-25, SEC-35
    public async Task Nobody_else_sees_or_ends_them()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var tokens = await here.TokensAsync("admin");
        using var user = await here.SignInAsync("user");
        using var foreigner = await there.SignInAsync();
        using var stranger = here.WithToken(foreigner.DefaultRequestHeaders.Authorization!.Parameter!);
        var path = $"/members/{here.AdminId}/sessions";

        foreach (var (client, status, code) in new[] { (user, HttpStatusCode.Forbidden, "permission.denied"), (foreigner, HttpStatusCode.NotFound, "member.not_found"), (stranger, HttpStatusCode.Unauthorized, "tenant.mismatch"), (here.Anonymous, HttpStatusCode.Unauthorized, "credentials.required") })
        {
            Assert.Equal(code, await (await client.GetAsync(path)).CodeAsync(status));
            Assert.Equal(code, await (await client.DeleteAsync(path)).CodeAsync(status));
        }

        await (await here.MeAsync(tokens.Access())).OkAsync();
    }

    [Fact] // ONB-8, SEC-25
    public async Task Whoever_may_do_less_than_a_member_does_not_sign_them_out()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("steward", Permissions.ManageMembers);
        await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "steward" })).OkAsync();
        using var steward = await organization.SignInAsync("user");

        Assert.Equal("member.outranks", await (await steward.DeleteAsync($"/members/{organization.AdminId}/sessions")).CodeAsync(HttpStatusCode.Forbidden));
        await (await admin.GetAsync("/me")).OkAsync();
        await (await steward.DeleteAsync($"/members/{organization.UserId}/sessions")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("token.invalid", await (await steward.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-45
    public async Task A_cursor_of_another_list_is_refused()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal("cursor.invalid", await (await admin.GetAsync($"/members/{organization.UserId}/sessions?cursor=nonsense")).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await admin.GetAsync($"/members/{organization.UserId}/sessions?limit=101")).CodeAsync(HttpStatusCode.BadRequest));
    }
}
