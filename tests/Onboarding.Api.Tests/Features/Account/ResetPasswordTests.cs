using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Account;

public sealed class ResetPasswordTests(ApiFixture fixture)
{
    private const string Chosen = "eleven brass lanterns swaying";

    [Fact] // SEC-19, SEC-24
    public async Task A_reset_ends_all_sessions_on_every_node_and_tells_the_owner()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        var (one, other, admins) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"), await organization.TokensAsync("admin"));
        await (await organization.MeAsync(one.Access(), second)).OkAsync();
        var token = await organization.ResetLinkAsync("user");

        var notice = await organization.MailOfAsync(organization.EmailOf("user"), () => organization.ResetPasswordAsync(token, Chosen));

        Assert.Contains("reset by a link", notice.Text, StringComparison.Ordinal);
        foreach (var tokens in new[] { one, other })
        {
            Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
            await Eventually.HoldsAsync(
                async () => (await organization.MeAsync(tokens.Access(), second)).StatusCode == HttpStatusCode.Unauthorized, "the other node refuses the token");
            Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        }

        await (await organization.MeAsync(admins.Access(), second)).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.TryLoginAsync("user", Chosen)).OkAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.password_changed' AND subject_id = '{organization.UserId}' AND actor_id IS NULL"));
        Assert.Equal(2, await organization.CountAsync("sessions WHERE end_reason = 'password_changed'"));
    }

    [Fact] // SEC-19
    public async Task A_reset_keeps_second_factors_and_forgets_devices_that_were_spared_them()
    {
        var organization = await fixture.OrganizationAsync();
        var id = organization.UserId;
        await organization.QueryAsync<int>($"""
            INSERT INTO totp (member_id, protected_seed, last_step, created_at, confirmed_at) VALUES ('{id}', '\x01', 0, now(), now());
            INSERT INTO recovery_codes (id, member_id, hash, created_at) VALUES (gen_random_uuid(), '{id}', '\x02', now());
            INSERT INTO remembered_devices (id, member_id, token_hash, created_at, last_used_at, expires_at) VALUES (gen_random_uuid(), '{id}', '\x03', now(), now(), now() + interval '1 day');
            INSERT INTO sign_in_challenges (id, member_id, kind, token_hash, created_at, expires_at) VALUES (gen_random_uuid(), '{id}', 'second_factor', '\x04', now(), now() + interval '1 minute')
            """);

        await (await organization.ResetPasswordAsync(await organization.ResetLinkAsync("user"), Chosen)).OkAsync(HttpStatusCode.NoContent);

        Assert.Equal(1, await organization.CountAsync("totp WHERE confirmed_at IS NOT NULL"));
        Assert.Equal(1, await organization.CountAsync("recovery_codes WHERE used_at IS NULL"));
        Assert.Equal(0, await organization.CountAsync("remembered_devices"));
        Assert.Equal(0, await organization.CountAsync("sign_in_challenges"));
    }

    [Fact] // SEC-15
    public async Task A_link_works_once_also_for_two_at_the_same_time()
    {
        var organization = await fixture.OrganizationAsync();
        var token = await organization.ResetLinkAsync("user");
        Assert.Matches("^rp_[A-Za-z0-9_-]{43}$", token);

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM password_links FOR UPDATE");
        var racing = new[] { organization.ResetPasswordAsync(token, "first of two long phrases"), organization.ResetPasswordAsync(token, "second of two long phrases") };
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        Assert.Equal("link.invalid", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.NotFound));
        var (good, bad) = answers[0].IsSuccessStatusCode ? ("first", "second") : ("second", "first");
        await (await organization.TryLoginAsync("user", $"{good} of two long phrases")).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user", $"{bad} of two long phrases")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(token, Chosen)).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.password_changed'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.password_changed'"));
    }

    [Fact] // SEC-15
    public async Task The_next_link_supersedes_the_earlier_one_and_so_does_another_password()
    {
        var organization = await fixture.OrganizationAsync();
        var first = await organization.ResetLinkAsync("user");
        var second = await organization.ResetLinkAsync("user");
        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(first, Chosen)).CodeAsync(HttpStatusCode.NotFound));

        using var user = await organization.SignInAsync("user");
        await (await user.ChangePasswordAsync("some other phrase of mine")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(second, Chosen)).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.TryLoginAsync("user", "some other phrase of mine")).OkAsync();
    }

    [Fact] // SEC-12
    public async Task Only_active_members_get_a_link_to_reset_a_password()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddPendingAsync("waiting");
        await organization.AddActiveAsync("shut-out", Roles.User);
        await organization.QueryAsync<int>("UPDATE members SET status = 'suspended' WHERE user_name = 'shut-out' RETURNING 1");
        foreach (var name in new[] { "waiting", "shut-out", "nobody" })
        {
            await (await organization.ForgotPasswordAsync(organization.EmailOf(name))).OkAsync(HttpStatusCode.Accepted);
        }

        await organization.SettledAsync();
        Assert.Equal(0, await organization.CountAsync("emails"));
        Assert.Equal(0, await organization.CountAsync("password_links WHERE purpose = 'reset_password'"));
        Assert.Equal(3, await organization.CountAsync("audit_log WHERE action = 'member.password_reset_refused'"));
    }

    [Fact] // SEC-12, ONB-12
    public async Task Whoever_is_approved_gets_another_link_to_set_the_first_password()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddApprovedAsync("approved");
        var answers = new List<string>();
        foreach (var name in new[] { "approved", "user", "nobody" })
        {
            answers.Add((await (await organization.ForgotPasswordAsync(organization.EmailOf(name))).OkAsync(HttpStatusCode.Accepted)).GetRawText());
        }

        Assert.Single(answers.Distinct());
        var mail = await fixture.Smtp.WaitForAsync(organization.EmailOf("approved"), mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        await (await organization.Anonymous.PostAsJsonAsync($"/set-password/{mail.Token()}", new { password = Chosen })).OkAsync(HttpStatusCode.NoContent);
        await (await organization.TryLoginAsync("approved", Chosen)).OkAsync();
    }

    [Fact] // SEC-15
    public async Task A_link_does_not_let_somebody_in_who_has_been_shut_out_meanwhile()
    {
        var organization = await fixture.OrganizationAsync();
        var token = await organization.ResetLinkAsync("user");
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { })).OkAsync();

        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(token, Chosen)).CodeAsync(HttpStatusCode.NotFound));

        await (await admin.PostAsync($"/members/{organization.UserId}/reactivate", null)).OkAsync();
        await organization.TokensAsync("user");
    }

    [Fact] // SEC-1, SEC-2
    public async Task A_link_names_its_organization_and_is_none_of_another()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var forged = fixture.App.ClientFor(null);
        forged.DefaultRequestHeaders.Add("X-Tenant", here.Identifier);
        forged.DefaultRequestHeaders.Add("X-Forwarded-Host", "evil.example");
        var mail = await here.MailOfAsync(here.EmailOf("user"), () => forged.PostAsJsonAsync("/forgot-password", new { email = here.EmailOf("user") }));

        Assert.Equal($"http://{here.Identifier}.localhost", mail.Link.GetLeftPart(UriPartial.Authority));
        Assert.StartsWith("/reset-password/", mail.Link.AbsolutePath, StringComparison.Ordinal);
        Assert.DoesNotContain("evil.example", mail.Html, StringComparison.Ordinal);
        Assert.Equal("link.invalid", await (await there.ResetPasswordAsync(mail.Token(), Chosen)).CodeAsync(HttpStatusCode.NotFound));
        await there.TokensAsync("user");
        await (await here.ResetPasswordAsync(mail.Token(), Chosen)).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // SEC-22
    public async Task A_link_of_one_purpose_is_none_of_another()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, first) = await organization.AddApprovedAsync("ada");
        var reset = await organization.ResetLinkAsync("user");
        foreach (var wrong in new[] { first, "rp_" + first[3..], "rp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", ApiRoute.SomeId })
        {
            Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(wrong, Chosen)).CodeAsync(HttpStatusCode.NotFound));
        }

        foreach (var wrong in new[] { reset, "sp_" + reset[3..] })
        {
            Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(wrong, Chosen)).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal("token.invalid", await (await organization.MeAsync(reset)).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.ResetPasswordAsync(reset, Chosen)).OkAsync(HttpStatusCode.NoContent);
    }

    [Theory] // SEC-16, SEC-17
    [InlineData("only-eleven")]
    [InlineData("passwordpassword")]
    [InlineData("{identifier} plus four herons")]
    public async Task A_weak_password_is_refused_and_does_not_use_the_link_up(string password)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var token = await organization.ResetLinkAsync("user");

        var answer = await organization.ResetPasswordAsync(token, password.Replace("{identifier}", organization.Identifier, StringComparison.Ordinal));
        Assert.Equal("password.weak", await answer.CodeAsync(HttpStatusCode.BadRequest));
        Assert.NotEmpty((await answer.JsonAsync()).GetProperty("reasons").EnumerateArray());

        await (await admin.PatchAsJsonAsync("/organization", new { security = new { min_password_length = 30 } })).OkAsync();
        Assert.Equal("password.weak", await (await organization.ResetPasswordAsync(token, Chosen)).CodeAsync(HttpStatusCode.BadRequest));
        await (await organization.ResetPasswordAsync(token, Chosen + "!")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // SEC-46
    public async Task Bad_bodies_are_refused()
    {
        var organization = await fixture.OrganizationAsync();
        foreach (var email in new[] { "", " ", new string('x', 255) })
        {
            Assert.Equal("request.invalid", await (await organization.ForgotPasswordAsync(email)).CodeAsync(HttpStatusCode.BadRequest));
        }

        var token = await organization.ResetLinkAsync("user");
        Assert.Equal("request.invalid", await (await organization.ResetPasswordAsync(token, new string('x', 257))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await organization.ResetPasswordAsync(token, "")).CodeAsync(HttpStatusCode.BadRequest));
    }
}

[Collection(ClockCollection.Name)]
public sealed class ResetPasswordOverTimeTests(ClockedApp clocked)
{
    [Fact] // SEC-15
    public async Task A_link_is_good_for_an_hour_and_not_longer()
    {
        var organization = await clocked.OrganizationAsync();
        var (users, admins) = (await organization.ResetLinkAsync("user"), await organization.ResetLinkAsync("admin"));

        await clocked.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        await (await organization.ResetPasswordAsync(users, "eleven brass lanterns swaying")).OkAsync(HttpStatusCode.NoContent);
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(admins, "eleven brass lanterns swaying")).CodeAsync(HttpStatusCode.NotFound));
        await organization.TokensAsync("admin");
    }
}
