using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class RevocationTests(ApiFixture fixture)
{
    [Fact] // SEC-24
    public async Task Signing_out_suspension_and_a_new_role_act_at_once_on_every_node_and_after_a_restart()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        using var admin = await organization.SignInAsync();
        var ended = new List<string>();

        await EndsAsync(tokens => organization.LogoutAsync(tokens.Refresh()));
        await EndsAsync(_ => admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "admin" }));
        await EndsAsync(_ => admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { reason = "Left" }));

        await using var third = new TestApp(fixture.App.Database, fixture.Smtp);
        third.StartServer();
        foreach (var access in ended)
        {
            Assert.Equal("token.invalid", await (await organization.MeAsync(access, third)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        // The admin's own session is untouched everywhere, so it was not simply everything that ended.
        foreach (var node in new[] { fixture.App, second, third })
        {
            await (await organization.MeAsync(admin.DefaultRequestHeaders.Authorization!.Parameter!, node)).OkAsync();
        }

        async Task EndsAsync(Func<JsonElement, Task<HttpResponseMessage>> act)
        {
            var tokens = await organization.TokensAsync("user");
            await (await organization.MeAsync(tokens.Access())).OkAsync();
            await (await organization.MeAsync(tokens.Access(), second)).OkAsync();
            (await act(tokens)).EnsureSuccessStatusCode();

            Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
            await Eventually.HoldsAsync(
                async () => (await organization.MeAsync(tokens.Access(), second)).StatusCode == HttpStatusCode.Unauthorized, "the other node refuses the token", Eventually.Soon);
            Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
            ended.Add(tokens.Access());
        }
    }

    [Fact] // SEC-24
    public async Task A_suspended_member_cannot_sign_in_until_reactivated_and_old_tokens_stay_dead()
    {
        var organization = await fixture.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { })).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("member.not_allowed", await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { })).CodeAsync(HttpStatusCode.Conflict));

        await (await admin.PostAsync($"/members/{organization.UserId}/reactivate", null)).OkAsync();
        Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        await organization.TokensAsync("user");
    }

    [Fact] // SEC-22
    public async Task Kinds_of_token_do_not_stand_in_for_each_other()
    {
        var organization = await fixture.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        var (_, link) = await organization.AddApprovedAsync("ada");
        foreach (var wrong in new[] { tokens.Refresh(), link, tokens.Access() + "x" })
        {
            Assert.Equal("token.invalid", await (await organization.MeAsync(wrong)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        foreach (var wrong in new[] { link, "rt_" + link[3..], tokens.Access()[..200] })
        {
            Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(wrong)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        foreach (var wrong in new[] { tokens.Refresh(), "sp_" + tokens.Refresh()[3..] })
        {
            Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(wrong)).CodeAsync(HttpStatusCode.NotFound));
        }
    }
}
