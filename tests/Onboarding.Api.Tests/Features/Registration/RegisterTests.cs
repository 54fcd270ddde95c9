using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Registration;

public sealed class RegisterTests(ApiFixture fixture)
{
    [Fact] // ONB-1
    public async Task Registering_writes_a_member_without_password_and_role_and_nothing_else()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.MailOfAsync(organization.EmailOf("ada"), () => organization.RegisterAsync("ada"));

        var row = await organization.QueryAsync<string>("SELECT concat_ws('|', status, coalesce(role, '-'), coalesce(password_hash, '-'), email_confirmed, coalesce(verified_at::text, '-')) FROM members WHERE user_name = 'ada'");
        Assert.Equal("pending_verification|-|-|f|-", Assert.Single(row));
        Assert.Equal(0, await organization.CountAsync("password_links"));
        Assert.Equal(0, await organization.CountAsync("sessions"));

        // Nobody is asked to decide about an address that is not proven.
        using var admin = await organization.SignInAsync();
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM members WHERE user_name = 'ada'"));
        Assert.Empty((await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal("member.not_found", await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // ONB-2, SEC-11
    public async Task The_same_address_twice_is_one_row_and_only_the_newest_code_is_good()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var first = await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"));
        var second = await organization.MailOfAsync(email, () => organization.RegisterAsync("countess", email.ToUpperInvariant()));

        Assert.Equal(1, await organization.CountAsync($"members WHERE lower(email) = '{email}'"));
        if (first.Code != second.Code)
        {
            Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, first.Code)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await (await organization.VerifyAsync(email, second.Code)).OkAsync();
        Assert.Equal("countess", Assert.Single(await organization.QueryAsync<string>($"SELECT user_name FROM members WHERE lower(email) = '{email}'")));
    }

    [Fact] // ONB-2
    public async Task Twenty_registrations_of_one_address_at_once_leave_one_row_and_one_open_code()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => organization.RegisterAsync($"ada{i}", email)));

        Assert.Equal(20, answers.Count(HttpStatusCode.Accepted));
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{email}'"));
        Assert.Equal(1, await organization.CountAsync("one_time_codes WHERE closed_at IS NULL"));
        var mail = await organization.MailOfAsync(email, () => organization.ResendAsync(email));
        await (await organization.VerifyAsync(email, mail.Code)).OkAsync();
    }

    [Fact] // ONB-3
    public async Task The_address_of_a_member_gets_the_same_answer_and_a_mail_that_an_account_exists()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("user");
        var mail = await organization.MailOfAsync(email, () => organization.RegisterAsync("somebody", email));

        Assert.Equal(organization.Identifier + ".localhost", mail.Link.Host);
        Assert.Throws<InvalidOperationException>(() => mail.Code);
        Assert.Equal(["account_exists"], await organization.QueryAsync<string>($"SELECT template FROM emails WHERE member_id = '{organization.UserId}'"));
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{email}'"));
        Assert.Equal(0, await organization.CountAsync("one_time_codes"));
        await organization.TokensAsync("user");
    }

    [Fact] // ONB-5
    public async Task Of_two_who_want_one_user_name_the_first_to_prove_the_address_gets_it()
    {
        var organization = await fixture.OrganizationAsync();
        var (one, two) = ($"one@{organization.Identifier}.test", $"two@{organization.Identifier}.test");
        var codeOne = (await organization.MailOfAsync(one, () => organization.RegisterAsync("ada", one))).Code;
        var codeTwo = (await organization.MailOfAsync(two, () => organization.RegisterAsync("ADA", two))).Code;

        // Both have read that the name is free before either may write.
        await using var codes = await RowLock.HoldAsync(organization, "SELECT 1 FROM one_time_codes FOR UPDATE");
        var racing = new[] { organization.VerifyAsync(one, codeOne), organization.VerifyAsync(two, codeTwo) };
        await codes.WaitForWaitersAsync(2);
        await codes.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        var loser = answers[0].IsSuccessStatusCode ? 1 : 0;
        Assert.Equal("username.taken", await answers[loser].CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync("members WHERE normalized_user_name = 'ADA' AND status = 'pending_approval'"));

        // The loser takes another name and is in the queue too.
        var email = loser == 0 ? one : two;
        var mail = await organization.MailOfAsync(email, () => organization.RegisterAsync("ada2", email));
        await (await organization.VerifyAsync(email, mail.Code)).OkAsync();
    }

    [Theory] // SEC-45
    [InlineData("Eve\u202Egnp.exe", false)]
    [InlineData("\u2067Eve", false)]
    [InlineData("Eve\u0007", false)]
    [InlineData("\t", false)]
    [InlineData("\u200B\u2060", false)]
    [InlineData(" \u3164", false)]
    [InlineData("\U000E0500", false)]
    [InlineData("\U0001D159 \U0001D173", false)]
    [InlineData("\U00016FE4\U0001BCA1", false)]
    [InlineData("\U00020000", true)]
    [InlineData("\u0639\u0644\u0649 \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", true)]
    public async Task A_name_may_be_in_any_script_but_not_turn_the_text_around_it(string name, bool good)
    {
        var organization = await fixture.OrganizationAsync();
        using var answer = await organization.Anonymous.PostAsJsonAsync("/register", new { username = "eve", email = organization.EmailOf("eve"), full_name = name });
        Assert.Equal(good ? HttpStatusCode.Accepted : HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(good ? 1 : 0, await organization.CountAsync("members WHERE user_name = 'eve'"));
    }

    [Theory] // ONB-5: full width, a ligature, Kelvin's sign, a part of a syllable; and names that only look foreign
    [InlineData("\uFF41dmin", false)]
    [InlineData("o\uFB03ce", false)]
    [InlineData("\u212Aelvin", false)]
    [InlineData("\u1112\u1161\u11AB", false)]
    [InlineData("e\u0301va", false)]
    [InlineData("\u00E9va", true)]
    [InlineData("\uD55C\uAE00\uC774", true)]
    [InlineData("\u0E19\u0E32\u0E22", true)]
    [InlineData("\u0438\u0432\u0430\u043D", true)]
    public async Task No_user_name_is_another_way_to_write_one(string name, bool good)
    {
        var organization = await fixture.OrganizationAsync();
        using var answer = await organization.Anonymous.PostAsJsonAsync("/register", new { username = name, email = organization.EmailOf("eve"), full_name = "Eve" });
        Assert.Equal(good ? HttpStatusCode.Accepted : HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact] // ONB-3: the open registration counts, however old it is
    public async Task An_address_that_is_a_members_is_told_apart_from_an_expired_registration_of_it()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.RegisterAsync("eve");
        await organization.QueryAsync<int>($"UPDATE members SET status = 'expired' WHERE user_name = 'eve' RETURNING 1");
        await organization.QueryAsync<int>($"UPDATE members SET registered_at = now() - interval '1 year', email = '{organization.EmailOf("eve")}', normalized_email = upper('{organization.EmailOf("eve")}') WHERE id = '{organization.UserId}' RETURNING 1");

        await (await organization.Anonymous.PostAsJsonAsync("/register", new { username = "eve", email = organization.EmailOf("eve"), full_name = "Eve" })).OkAsync(HttpStatusCode.Accepted);

        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.registered_again' AND subject_id = '{organization.UserId}'"));
    }

    [Theory] // SEC-36
    [InlineData("role", "admin")]
    [InlineData("status", "active")]
    [InlineData("organization_id", "01990000-0000-7000-8000-000000000001")]
    public async Task A_registration_cannot_bring_along_what_only_others_may_decide(string field, string value)
    {
        var organization = await fixture.OrganizationAsync();
        var body = new Dictionary<string, string> { ["username"] = "eve", ["email"] = organization.EmailOf("eve"), ["full_name"] = "Eve", [field] = value };
        Assert.Equal(HttpStatusCode.BadRequest, (await organization.Anonymous.PostAsJsonAsync("/register", body)).StatusCode);
        Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'eve'"));
    }
}
