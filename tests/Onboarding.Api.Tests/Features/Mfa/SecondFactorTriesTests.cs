using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>Wrong codes, many codes at once, and codes of others.</summary>
public sealed class SecondFactorTriesTests(ApiFixture fixture)
{
    [Fact] // SEC-29
    public async Task Of_twenty_right_answers_to_one_challenge_at_once_one_starts_a_session()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var (token, code) = (await organization.MfaTokenAsync("user"), await app.NewCodeAsync());
        var before = await organization.CountAsync("sessions");

        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var racing = Enumerable.Range(0, 20).Select(_ => organization.FinishLoginAsync(token, code)).ToList();
        await rows.WaitForWaitersAsync(4);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        foreach (var answer in answers.Where(a => !a.IsSuccessStatusCode))
        {
            Assert.Equal("mfa_token.invalid", await answer.CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal(before + 1, await organization.CountAsync("sessions"));
    }

    [Theory] // SEC-27, SEC-29
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_one_code_for_many_challenges_at_once_one_starts_a_session(bool recoveryCode)
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var tokens = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            tokens.Add(await organization.MfaTokenAsync("user"));
        }

        var code = recoveryCode ? app.RecoveryCodes[0] : await app.NewCodeAsync();
        var before = await organization.CountAsync("sessions");
        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var racing = tokens.Select(token => organization.FinishLoginAsync(token, code)).ToList();
        await rows.WaitForWaitersAsync(4);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal(7, answers.Count(HttpStatusCode.Unauthorized));
        Assert.Equal(before + 1, await organization.CountAsync("sessions"));
    }

    [Fact] // SEC-29
    public async Task Of_many_wrong_codes_at_once_five_are_counted_and_the_right_one_waits_too()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var (token, right) = (await organization.MfaTokenAsync("user"), await app.NewCodeAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => organization.FinishLoginAsync(token, right.Other())));

        Assert.Equal(5, answers.Count(HttpStatusCode.Unauthorized));
        Assert.Equal(15, answers.Count(HttpStatusCode.TooManyRequests));
        foreach (var code in new[] { right, app.RecoveryCodes[0] })
        {
            var refused = await organization.FinishLoginAsync(token, code);
            Assert.Equal("mfa.locked", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
            Assert.Equal(("0", refused.Headers.RetryAfter!.ToString()), (refused.Headers.GetValues("RateLimit-Remaining").Single(), refused.Headers.GetValues("RateLimit-Reset").Single()));
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(14), TimeSpan.FromMinutes(15));
            Assert.Equal("mfa.locked", await (await organization.LoginWithAsync("user", code)).CodeAsync(HttpStatusCode.TooManyRequests));
        }

        Assert.Equal(5, await organization.CountAsync($"audit_log WHERE action = 'sign_in.mfa_failed' AND subject_id = '{organization.UserId}'"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'sign_in.mfa_locked' AND subject_id = '{organization.UserId}'"));

        // It is this member's second factor that waits, and nothing else.
        await organization.TokensAsync("admin");
    }

    [Fact] // SEC-29
    public async Task One_counter_counts_all_kinds_over_all_challenges_and_a_right_code_starts_it_again()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        await FailAsync(app.Code().Other(), "AAAAA-AAAAA", "000000-", "nonsense");
        await (await organization.LoginWithAsync("user", await app.NewCodeAsync())).OkAsync();

        // A code that was used counts like any wrong one.
        await FailAsync("AAAAA-AAAAA", app.Code(), app.Code().Other(), "BBBBB-BBBBB", app.Code().Other());
        Assert.Equal("mfa.locked", await (await organization.LoginWithAsync("user", app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.TooManyRequests));

        async Task FailAsync(params string[] codes)
        {
            foreach (var code in codes)
            {
                Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", code)).CodeAsync(HttpStatusCode.Unauthorized));
            }
        }
    }

    [Fact] // SEC-20, SEC-29
    public async Task Nobody_without_the_password_makes_a_member_wait()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user", "wrong wrong wrong")).CodeAsync(HttpStatusCode.Unauthorized));
            Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync("mf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", app.Code())).CodeAsync(HttpStatusCode.Unauthorized));
        }

        await (await organization.LoginWithAsync("user", await app.NewCodeAsync())).OkAsync();
    }

    [Fact] // SEC-29: nobody guesses on while the member keeps the counter low
    public async Task A_finished_sign_in_closes_the_challenges_that_were_open_beside_it()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var (thiefs, members) = (await organization.MfaTokenAsync("user"), await organization.MfaTokenAsync("user"));
        await (await organization.FinishLoginAsync(members, await app.NewCodeAsync())).OkAsync();
        foreach (var token in new[] { thiefs, members })
        {
            Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync(token, app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.Unauthorized));
        }
    }

    [Fact] // SEC-1, SEC-6, SEC-22
    public async Task A_challenge_belongs_to_one_organization_and_one_member_and_is_no_other_kind_of_token()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var (ofA, ofB) = (await a.EnableMfaAsync("user"), await b.EnableMfaAsync("user"));
        var ofAdmin = await a.EnableMfaAsync("admin");
        var token = await a.MfaTokenAsync("user");

        Assert.Equal("mfa_token.invalid", await (await b.FinishLoginAsync(token, await ofB.NewCodeAsync())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa_token.invalid", await (await b.FinishLoginAsync(token, ofA.RecoveryCodes[0])).CodeAsync(HttpStatusCode.Unauthorized));
        foreach (var foreign in new[] { ofB.RecoveryCodes[0], ofAdmin.RecoveryCodes[0], ofB.Code() == ofA.Code() ? "nonsense" : ofB.Code() })
        {
            Assert.Equal("mfa.invalid", await (await a.FinishLoginAsync(token, foreign)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal("token.invalid", await (await a.MeAsync(token)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await a.RefreshAsync("rt_" + token[3..])).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa_token.invalid", await (await a.FinishLoginAsync("nonsense", await ofA.NewCodeAsync())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await a.FinishLoginAsync(token, await ofA.NewCodeAsync())).OkAsync();
    }

    [Fact] // SEC-24
    public async Task Whoever_is_suspended_between_password_and_code_does_not_get_in()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var token = await organization.MfaTokenAsync("user");
        await organization.QueryAsync<int>($"UPDATE members SET status = 'suspended' WHERE id = '{organization.UserId}' RETURNING 1");
        Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync(token, await app.NewCodeAsync())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-24: the row is held while another password is set, so this sign-in is certainly in between
    public async Task A_password_that_was_changed_while_it_was_checked_starts_no_session()
    {
        var organization = await fixture.OrganizationAsync();
        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var signingIn = organization.TryLoginAsync("user");
        await rows.WaitForWaitersAsync(1);
        await rows.ReleaseAsync($"UPDATE members SET password_hash = 'another' WHERE id = '{organization.UserId}'");
        Assert.Equal("login.invalid", await (await signingIn).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(0, await organization.CountAsync("sessions"));
    }

    [Fact] // SEC-48
    public async Task A_right_password_without_a_code_leaves_a_line()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.EnableMfaAsync("user");
        await organization.MfaTokenAsync("user");
        Assert.Equal(["127.0.0.1"], await organization.QueryAsync<string>($"SELECT ip_address FROM audit_log WHERE action = 'sign_in.mfa_required' AND subject_id = '{organization.UserId}'"));
    }
}
