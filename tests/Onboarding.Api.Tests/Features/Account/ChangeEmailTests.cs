using System.Net;
using System.Text.RegularExpressions;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Account;

public sealed partial class ChangeEmailTests(ApiFixture fixture)
{
    [Fact] // SEC-30
    public async Task The_new_address_counts_once_its_code_has_come_back_and_the_old_one_hears_of_it()
    {
        var organization = await fixture.OrganizationAsync();
        var (old, wanted) = (organization.EmailOf("user"), organization.EmailOf("moved"));
        using var user = await organization.SignInAsync("user");
        var code = await organization.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted));
        Assert.Contains(organization.Organization.Name, code.Text, StringComparison.Ordinal);
        Assert.Equal(old, await EmailAsync(organization));
        Assert.Empty(fixture.Smtp.For(old));

        var notice = await organization.MailOfAsync(old, () => user.ConfirmEmailAsync(code.Code));

        Assert.Contains("has been changed", notice.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain(wanted, notice.Text + notice.Html, StringComparison.Ordinal);
        Assert.Equal(wanted, (await (await user.GetAsync("/me")).OkAsync()).GetProperty("email").GetString());
        await (await organization.TryLoginAsync(wanted)).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync(old)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("otp.invalid", await (await user.ConfirmEmailAsync(code.Code)).CodeAsync(HttpStatusCode.BadRequest));
        await organization.SettledAsync();
        Assert.Single(fixture.Smtp.For(wanted));
        Assert.Equal(
            ["member.email_change_requested", "member.email_changed", "member.email_change_failed"],
            await organization.QueryAsync<string>($"SELECT action FROM audit_log WHERE actor_id = '{organization.UserId}' AND subject_id = '{organization.UserId}' AND action LIKE 'member.email%' ORDER BY id"));
    }

    [Fact] // SEC-12
    public async Task Asking_for_an_address_that_is_taken_looks_the_same_and_only_its_owner_learns_more()
    {
        var organization = await fixture.OrganizationAsync();
        var taken = organization.EmailOf("admin");
        using var user = await organization.SignInAsync("user");

        var free = await AnswerAsync(await user.ChangeEmailAsync("nobody@x.test"));
        await organization.SettledAsync();
        ReceivedEmail? mail = null;
        mail = await organization.MailOfAsync(taken, async () =>
        {
            var answer = await user.ChangeEmailAsync(taken);
            Assert.Equal(free, await AnswerAsync(answer));
            return answer;
        });

        Assert.Equal("otp.invalid", await (await user.ConfirmEmailAsync(mail.Code.Other())).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("email.taken", await (await user.ConfirmEmailAsync(mail.Code)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(organization.EmailOf("user"), await EmailAsync(organization));
        Assert.Equal(0, await organization.CountAsync("outbox WHERE type = 'member.email_changed'"));
    }

    [Fact] // SEC-12
    public async Task Two_who_prove_one_address_at_the_same_moment_are_told_apart_by_the_index()
    {
        var organization = await fixture.OrganizationAsync();
        var wanted = organization.EmailOf("shared");
        using var user = await organization.SignInAsync("user");
        using var admin = await organization.SignInAsync();
        var users = (await organization.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted))).Code;
        var admins = (await organization.MailOfAsync(wanted, () => admin.ChangeEmailAsync(wanted))).Code;

        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var racing = new[] { user.ConfirmEmailAsync(users), admin.ConfirmEmailAsync(admins) };
        await rows.WaitForWaitersAsync(2);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal("email.taken", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{wanted}'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.email_changed'"));
    }

    [Fact] // SEC-8, SEC-10
    public async Task Of_parallel_guesses_five_are_counted_and_of_parallel_right_ones_one_succeeds()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        var guessed = (await organization.MailOfAsync("guessed@x.test", () => user.ChangeEmailAsync("guessed@x.test"))).Code;
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => user.ConfirmEmailAsync(guessed.Other())));
        Assert.Equal(20, answers.Count(HttpStatusCode.BadRequest));
        Assert.Equal([5], await organization.QueryAsync<int>("SELECT attempts FROM one_time_codes WHERE closed_at IS NULL"));
        Assert.Equal("otp.invalid", await (await user.ConfirmEmailAsync(guessed)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(21, await organization.CountAsync("audit_log WHERE action = 'member.email_change_failed'"));

        var wanted = organization.EmailOf("moved");
        var code = (await organization.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted))).Code;
        answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => user.ConfirmEmailAsync(code)));
        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal(9, answers.Count(HttpStatusCode.BadRequest));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.email_changed'"));
    }

    [Fact] // SEC-8, SEC-11
    public async Task A_code_proves_the_address_that_it_was_sent_to_and_no_other_that_was_asked_for_since()
    {
        var organization = await fixture.OrganizationAsync();
        var (mine, others) = (organization.EmailOf("mine"), organization.EmailOf("others"));
        using var user = await organization.SignInAsync("user");
        var code = (await organization.MailOfAsync(mine, () => user.ChangeEmailAsync(mine))).Code;

        // The mail server is slow, or the queue is: nothing has been composed for the second address yet.
        await using var queue = await RowLock.HoldAsync(organization, "LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE");
        var asking = user.ChangeEmailAsync(others);
        await queue.WaitForWaitersAsync(1);
        var confirming = user.ConfirmEmailAsync(code);
        await queue.WaitForWaitersAsync(2);
        await queue.ReleaseAsync();

        await (await asking).OkAsync(HttpStatusCode.Accepted);
        Assert.Equal("otp.invalid", await (await confirming).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(organization.EmailOf("user"), await EmailAsync(organization));
    }

    [Fact] // SEC-22
    public async Task A_code_of_a_registration_changes_no_address_and_the_other_way_round()
    {
        var organization = await fixture.OrganizationAsync();
        var wanted = organization.EmailOf("moved");
        using var user = await organization.SignInAsync("user");
        var change = (await organization.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted))).Code;
        var registration = (await organization.MailOfAsync(wanted, () => organization.RegisterAsync("newcomer", wanted), "registration")).Code;
        if (change != registration)
        {
            Assert.Equal("otp.invalid", await (await organization.VerifyAsync(wanted, change)).CodeAsync(HttpStatusCode.BadRequest));
            Assert.Equal("otp.invalid", await (await user.ConfirmEmailAsync(registration)).CodeAsync(HttpStatusCode.BadRequest));
        }

        // Who has proven the address goes before who has merely typed it in.
        await (await user.ConfirmEmailAsync(change)).OkAsync();
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(wanted, registration)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(["expired"], await organization.QueryAsync<string>("SELECT status FROM members WHERE user_name = 'newcomer'"));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.registration_expired'"));
    }

    [Fact] // SEC-15
    public async Task A_link_in_the_mailbox_of_before_no_longer_resets_the_password()
    {
        var organization = await fixture.OrganizationAsync();
        var wanted = organization.EmailOf("moved");
        using var user = await organization.SignInAsync("user");
        var link = await organization.ResetLinkAsync("user");
        var code = (await organization.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted))).Code;
        await (await user.ConfirmEmailAsync(code)).OkAsync();

        Assert.Equal("link.invalid", await (await organization.ResetPasswordAsync(link, "eleven brass lanterns swaying")).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.ForgotPasswordAsync(organization.EmailOf("user"))).OkAsync(HttpStatusCode.Accepted);
        var mail = await organization.MailOfAsync(wanted, () => organization.ForgotPasswordAsync(wanted), "reset-password");
        await (await organization.ResetPasswordAsync(mail.Token(), "eleven brass lanterns swaying")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.password_reset_requested' AND occurred_at > (SELECT occurred_at FROM outbox WHERE type = 'member.email_changed')"));
    }

    [Fact] // SEC-1, SEC-3
    public async Task A_code_of_somebody_else_or_of_another_organization_proves_nothing()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var wanted = here.EmailOf("moved");
        using var user = await here.SignInAsync("user");
        using var admin = await here.SignInAsync();
        using var foreigner = await there.SignInAsync("user");
        using var stranger = here.WithToken(foreigner.DefaultRequestHeaders.Authorization!.Parameter!);
        var code = (await here.MailOfAsync(wanted, () => user.ChangeEmailAsync(wanted))).Code;

        Assert.Equal("otp.invalid", await (await admin.ConfirmEmailAsync(code)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("otp.invalid", await (await foreigner.ConfirmEmailAsync(code)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("tenant.mismatch", await (await stranger.ConfirmEmailAsync(code)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("tenant.mismatch", await (await stranger.ChangeEmailAsync(wanted)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("credentials.required", await (await here.Anonymous.ConfirmEmailAsync(code)).CodeAsync(HttpStatusCode.Unauthorized));
        await (await user.ConfirmEmailAsync(code)).OkAsync();
    }

    [Fact] // SEC-45, SEC-46
    public async Task What_is_no_address_is_refused()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        foreach (var email in new[] { "", "nonsense", "a@", "@b", "a b@c.test", "a@b@c.test", "a@b..test", "a@b.test\r\nBcc: c@d.test", new string('x', 250) + "@b.test" })
        {
            Assert.Equal("request.invalid", await (await user.ChangeEmailAsync(email)).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal("request.invalid", await (await user.ConfirmEmailAsync("")).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await user.ConfirmEmailAsync(new string('1', 33))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("otp.invalid", await (await user.ConfirmEmailAsync("123456")).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("members WHERE pending_email IS NOT NULL"));
    }

    private static async Task<string> EmailAsync(TestOrganization organization) =>
        Assert.Single(await organization.QueryAsync<string>($"SELECT email FROM members WHERE id = '{organization.UserId}'"));

    private static async Task<string> AnswerAsync(HttpResponseMessage answer) =>
        $"{(int)answer.StatusCode} {RequestId().Replace(string.Join('\n', answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key != "Date").Select(h => $"{h.Key}: {string.Join(',', h.Value)}")), "id")} {await answer.Content.ReadAsStringAsync()}";

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex RequestId();
}

[Collection(ClockCollection.Name)]
public sealed class ChangeEmailOverTimeTests(ClockedApp clocked)
{
    [Fact] // SEC-8
    public async Task A_code_is_good_for_ten_minutes_and_not_longer()
    {
        var organization = await clocked.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var admin = await organization.SignInAsync();
        var (users, admins) = (organization.EmailOf("users"), organization.EmailOf("admins"));
        var usersCode = (await organization.MailOfAsync(users, () => user.ChangeEmailAsync(users))).Code;
        var adminsCode = (await organization.MailOfAsync(admins, () => admin.ChangeEmailAsync(admins))).Code;

        // The sign-in is fresh no more, and need not be: the code is the proof.
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        await (await user.ConfirmEmailAsync(usersCode)).OkAsync();
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("otp.invalid", await (await admin.ConfirmEmailAsync(adminsCode)).CodeAsync(HttpStatusCode.BadRequest));
    }
}
