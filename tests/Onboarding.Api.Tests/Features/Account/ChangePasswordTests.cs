using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Account;

public sealed class ChangePasswordTests(ApiFixture fixture)
{
    private const string Chosen = "eleven brass lanterns swaying";

    [Fact] // SEC-24, SEC-19
    public async Task Another_password_ends_every_other_session_on_every_node_and_keeps_this_one()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        var (here, elsewhere, admins) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"), await organization.TokensAsync("admin"));
        await (await organization.MeAsync(elsewhere.Access(), second)).OkAsync();
        using var user = organization.WithToken(here.Access());
        await organization.QueryAsync<int>($"""
            INSERT INTO remembered_devices (id, member_id, token_hash, created_at, last_used_at, expires_at) VALUES (gen_random_uuid(), '{organization.UserId}', '\x03', now(), now(), now() + interval '1 day')
            """);

        var mail = await organization.MailOfAsync(organization.EmailOf("user"), () => user.ChangePasswordAsync(Chosen));

        Assert.Contains("has been changed", mail.Subject, StringComparison.Ordinal);
        Assert.Contains(organization.Organization.Name, mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Chosen, mail.Text + mail.Html, StringComparison.Ordinal);
        Assert.Equal("token.invalid", await (await organization.MeAsync(elsewhere.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        await Eventually.HoldsAsync(
            async () => (await organization.MeAsync(elsewhere.Access(), second)).StatusCode == HttpStatusCode.Unauthorized, "the other node refuses the token");
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(elsewhere.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));

        Assert.Equal(0, await organization.CountAsync("remembered_devices"));

        await (await user.GetAsync("/me")).OkAsync();
        await (await organization.RefreshAsync(here.Refresh())).OkAsync();
        await (await organization.MeAsync(admins.Access(), second)).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.TryLoginAsync("user", Chosen)).OkAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.password_changed' AND subject_id = '{organization.UserId}' AND actor_id = '{organization.UserId}'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.password_changed'"));
    }

    [Fact] // SEC-30
    public async Task A_wrong_current_password_changes_nothing_and_leaves_an_audit_line()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");

        Assert.Equal("password.wrong", await (await user.ChangePasswordAsync(Chosen, "four loud herons at dusk")).CodeAsync(HttpStatusCode.BadRequest));

        await organization.TokensAsync("user");
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.password_change_failed' AND actor_id = '{organization.UserId}' AND subject_id = '{organization.UserId}'"));
        Assert.Equal(0, await organization.CountAsync("outbox WHERE type = 'member.password_changed'"));
    }

    [Theory] // SEC-16, SEC-17
    [InlineData("only-eleven")]
    [InlineData("passwordpassword")]
    [InlineData("{identifier} plus four herons")]
    public async Task A_weak_password_is_refused_with_reasons(string password)
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");

        var answer = await user.ChangePasswordAsync(password.Replace("{identifier}", organization.Identifier, StringComparison.Ordinal));

        Assert.Equal("password.weak", await answer.CodeAsync(HttpStatusCode.BadRequest));
        Assert.NotEmpty((await answer.JsonAsync()).GetProperty("reasons").EnumerateArray());
        await organization.TokensAsync("user");
    }

    [Fact] // SEC-16
    public async Task An_organization_asks_for_longer_passwords_wherever_one_is_chosen()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (_, token) = await organization.AddApprovedAsync("ada");
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { min_password_length = 30 } })).OkAsync();

        // 29 characters, and good elsewhere.
        Assert.Equal(29, Chosen.Length);
        Assert.Equal("password.weak", await (await admin.ChangePasswordAsync(Chosen)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("password.weak", await (await organization.SetPasswordAsync(token, Chosen)).CodeAsync(HttpStatusCode.BadRequest));

        await (await admin.ChangePasswordAsync(Chosen + "!")).OkAsync(HttpStatusCode.NoContent);
        await (await organization.SetPasswordAsync(token, Chosen + "!")).OkAsync(HttpStatusCode.NoContent);

        // Taken back, twelve are enough again, and no fewer.
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { } })).OkAsync();
        Assert.Equal("password.weak", await (await admin.ChangePasswordAsync("only-eleven", Chosen + "!")).CodeAsync(HttpStatusCode.BadRequest));
        await (await admin.ChangePasswordAsync("glmkvwxqpjtz", Chosen + "!")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // SEC-10
    public async Task Of_two_changes_at_once_one_succeeds()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");

        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{organization.UserId}' FOR UPDATE");
        var racing = new[] { user.ChangePasswordAsync("first of two long phrases"), user.ChangePasswordAsync("second of two long phrases") };
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        Assert.Equal("member.changed", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        await (await organization.TryLoginAsync("user", answers[0].IsSuccessStatusCode ? "first of two long phrases" : "second of two long phrases")).OkAsync();
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.password_changed'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.password_changed'"));
    }

    [Fact] // SEC-1
    public async Task A_token_of_another_organization_changes_nothing_here()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var stranger = here.WithToken((await there.TokensAsync("user")).Access());

        Assert.Equal("tenant.mismatch", await (await stranger.ChangePasswordAsync(Chosen)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("credentials.required", await (await here.Anonymous.ChangePasswordAsync(Chosen)).CodeAsync(HttpStatusCode.Unauthorized));

        await here.TokensAsync("user");
        await there.TokensAsync("user");
    }

    [Fact] // SEC-46
    public async Task Bad_bodies_are_refused()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        foreach (var body in new object[] { new { password = Chosen }, new { current_password = TestOrganization.Password }, new { current_password = " ", password = Chosen }, new { current_password = new string('x', 257), password = Chosen }, new { current_password = TestOrganization.Password, password = new string('x', 257) } })
        {
            Assert.Equal("request.invalid", await (await user.PostAsJsonAsync("/me/password", body)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await organization.TokensAsync("user");
    }
}
