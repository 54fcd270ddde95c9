using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignIn;

public sealed class SessionTests(ApiFixture fixture)
{
    [Fact] // SEC-25
    public async Task A_member_sees_the_own_live_sessions_and_ends_one_on_another_device()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.TokensAsync("admin");
        var (here, elsewhere) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        var gone = await organization.TokensAsync("user");
        await organization.LogoutAsync(gone.Refresh());
        using var client = organization.WithToken(here.Access());

        var sessions = (await (await client.GetAsync("/me/sessions")).OkAsync()).GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(2, sessions.Count);
        Assert.Equal([false, true], sessions.Select(s => s.GetProperty("current").GetBoolean()).Order());

        var other = sessions.Single(s => !s.GetProperty("current").GetBoolean()).GetProperty("id").GetGuid();
        await (await client.DeleteAsync($"/me/sessions/{other}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("token.invalid", await (await organization.MeAsync(elsewhere.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(elsewhere.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await client.GetAsync("/me")).OkAsync();
        Assert.Equal("session.not_found", await (await client.DeleteAsync($"/me/sessions/{other}")).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-25, SEC-3
    public async Task A_session_of_somebody_else_reads_as_missing_and_lives_on()
    {
        var organization = await fixture.OrganizationAsync();
        var admins = await organization.TokensAsync("admin");
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM sessions"));
        using var user = await organization.SignInAsync("user");

        Assert.Equal("session.not_found", await (await user.DeleteAsync($"/me/sessions/{id}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("session.not_found", await (await user.DeleteAsync($"/me/sessions/{Ids.New(TimeProvider.System.GetUtcNow())}")).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.MeAsync(admins.Access())).OkAsync();
    }

    [Fact] // SEC-25
    public async Task Sessions_come_in_pages_newest_first()
    {
        var organization = await fixture.OrganizationAsync();
        for (var i = 0; i < 3; i++)
        {
            await organization.TokensAsync("user");
        }

        using var client = organization.WithToken((await organization.TokensAsync("user")).Access());
        var seen = await Paged.AllAsync(client, "/me/sessions", limit: 2);
        Assert.Equal(4, seen.Count);
        Assert.Equal(seen.OrderByDescending(s => s.GetProperty("created_at").GetDateTimeOffset()).Select(s => s.GetProperty("id").GetGuid()), seen.Select(s => s.GetProperty("id").GetGuid()));
        Assert.True(seen[0].GetProperty("current").GetBoolean());
    }

    [Fact] // SEC-24, RFC 7009
    public async Task Signing_out_ends_this_session_only_and_says_nothing_about_made_up_tokens()
    {
        var organization = await fixture.OrganizationAsync();
        var (one, two) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        foreach (var token in new[] { one.Refresh(), one.Refresh(), "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense" })
        {
            await (await organization.LogoutAsync(token)).OkAsync(HttpStatusCode.NoContent);
        }

        Assert.Equal("token.invalid", await (await organization.MeAsync(one.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(one.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.MeAsync(two.Access())).OkAsync();
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'session.ended'"));
    }

    [Fact] // SEC-23
    public async Task A_used_refresh_token_still_signs_out()
    {
        var organization = await fixture.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        await (await organization.LogoutAsync(first.Refresh())).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(second.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-24, FAULT-9: what the node behind has stamped lies in the past of the node ahead
    public async Task A_session_that_ends_on_one_node_ends_on_one_whose_clock_is_ahead()
    {
        var organization = await fixture.OrganizationAsync();
        await using var ahead = new TestApp(fixture.App.Database, fixture.Smtp, configure: services =>
        {
            // By its clock the others' work would be due too early.
            Faults.Nodes.WithoutJobs(services);
            services.AddSingleton<TimeProvider>(new Ahead(TimeSpan.FromSeconds(25)));
        });
        ahead.StartServer();
        var tokens = await organization.TokensAsync("user");
        await (await organization.MeAsync(tokens.Access(), ahead)).OkAsync();

        await (await organization.LogoutAsync(tokens.Refresh())).OkAsync(HttpStatusCode.NoContent);

        await Eventually.HoldsAsync(
            async () => (await organization.MeAsync(tokens.Access(), ahead)).StatusCode == HttpStatusCode.Unauthorized, "the node ahead refuses the token");
    }

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }

    [Fact] // SEC-36
    public async Task A_member_reads_and_renames_the_own_account_and_nothing_else()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        var me = await (await user.GetAsync("/me")).OkAsync();
        Assert.Equal((organization.UserId, "user", organization.EmailOf("user"), "user", "active"),
            (me.GetProperty("id").GetGuid(), me.GetProperty("username").GetString(), me.GetProperty("email").GetString(), me.GetProperty("role").GetString(), me.GetProperty("status").GetString()));
        Assert.Empty(me.GetProperty("permissions").EnumerateArray());
        Assert.Equal(organization.Identifier, me.GetProperty("organization").GetProperty("identifier").GetString());

        var renamed = await (await user.PatchAsJsonAsync("/me", new { full_name = "  Ada King " })).OkAsync();
        Assert.Equal("Ada King", renamed.GetProperty("full_name").GetString());
        await (await user.PatchAsJsonAsync("/me", new { full_name = "Ada King" })).OkAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.profile_changed' AND subject_id = '{organization.UserId}' AND actor_id = '{organization.UserId}'"));

        foreach (var body in new object[] { new { full_name = "X", role = "admin" }, new { full_name = "X", status = "active" }, new { full_name = "X", email = "x@y.test" }, new { }, new { full_name = " " } })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await user.PatchAsJsonAsync("/me", body)).StatusCode);
        }

        Assert.Equal("Ada King|user", Assert.Single(await organization.QueryAsync<string>($"SELECT full_name || '|' || role FROM members WHERE id = '{organization.UserId}'")));
        Assert.Equal("credentials.required", await (await organization.Anonymous.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // of many names given at once each is recorded and the last one stays; nobody hears of a conflict with oneself
    public async Task The_own_name_can_be_changed_many_times_at_once()
    {
        const int Names = 10;
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");

        var answers = await Task.WhenAll(Enumerable.Range(0, Names).Select(i => user.PatchAsJsonAsync("/me", new { full_name = $"Name {i}" })));

        var names = new HashSet<string?>();
        foreach (var answer in answers)
        {
            names.Add((await answer.OkAsync()).GetProperty("full_name").GetString());
        }

        Assert.Equal(Names, names.Count);
        Assert.Contains((await (await user.GetAsync("/me")).OkAsync()).GetProperty("full_name").GetString(), names);
        Assert.Equal(Names, await organization.CountAsync($"audit_log WHERE action = 'member.profile_changed' AND subject_id = '{organization.UserId}'"));
    }
}
