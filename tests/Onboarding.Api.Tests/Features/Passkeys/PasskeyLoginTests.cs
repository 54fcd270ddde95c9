using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>Signing in by a passkey, alone and behind a password.</summary>
public sealed class PasskeyLoginTests(ApiFixture fixture)
{
    [Fact] // SEC-33
    public async Task A_passkey_signs_in_without_a_name_and_is_both_factors()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("admin");
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        Assert.True(!options.TryGetProperty("allowCredentials", out var allowed) || allowed.GetArrayLength() == 0);
        Assert.Equal("required", options.GetProperty("userVerification").GetString());
        var tokens = await (await organization.PasskeyLoginAsync(token, authenticator.Get(options))).OkAsync();
        Assert.Equal(["hwk", "mfa"], tokens.Methods().Order());
        using var admin = organization.WithToken(tokens.Access());
        await organization.RequireMfaAsync(admin, graceDays: 0);
        await (await admin.GetAsync("/members")).OkAsync();
        Assert.Equal([1], await organization.QueryAsync<int>("SELECT (data ->> 'SignCount')::int FROM passkeys"));
        await (await organization.LoginWithAsync(authenticator)).OkAsync();
    }

    public static TheoryData<string> BadAnswers =>
        ["origin", "port", "scheme", "relying party", "unverified", "embedded", "type", "challenge", "nonsense", "id", "counter", "unknown", "another's", "nobody", "handle", "pending", "suspended", "token"];

    [Theory] // SEC-12, SEC-24, SEC-33
    [MemberData(nameof(BadAnswers))]
    public async Task Every_failure_is_the_same_and_uses_the_challenge_up(string how)
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        using var another = new SoftAuthenticator(organization) { UserHandle = authenticator.UserHandle, Id = how == "unknown" ? new byte[32] : authenticator.Id };
        await (await organization.LoginWithAsync(authenticator)).OkAsync();
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        var asked = options;
        if (how == "challenge")
        {
            (token, options) = await organization.BeginPasskeyLoginAsync();
        }

        if (how is "pending" or "suspended")
        {
            await organization.QueryAsync<int>($"UPDATE members SET status = '{(how == "pending" ? "pending_approval" : how)}' WHERE id = '{organization.UserId}' RETURNING 1");
        }

        var sessions = await organization.CountAsync("sessions");
        var handle = authenticator.UserHandle;
        authenticator.Spoil(how);
        authenticator.UserHandle = how switch
        {
            "another's" => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes($"{organization.AdminId}")),
            "nobody" => null,
            "handle" => "bm9uc2Vuc2U",
            _ => handle,
        };
        var answer = how switch
        {
            "type" => authenticator.Get(asked, "webauthn.create"),
            "nonsense" => new { id = authenticator.IdText, response = "nonsense" },
            "id" => new { id = 7, type = new[] { "public-key" } },
            "unknown" => another.Get(asked),
            _ => authenticator.Get(asked),
        };
        var refused = await organization.PasskeyLoginAsync(how == "token" ? "nonsense" : token, answer);
        Assert.Equal("login.invalid", await refused.CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("This passkey does not sign anybody in.", (await refused.JsonAsync()).GetProperty("detail").GetString());
        Assert.Equal(sessions, await organization.CountAsync("sessions"));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'sign_in.failed' AND note = 'passkey'"));

        // The same challenge is good no more, and the member is none the worse for it.
        await organization.QueryAsync<int>("UPDATE members SET status = 'active' RETURNING 1");
        authenticator.Mend(organization);
        authenticator.UserHandle = handle;
        if (how != "token")
        {
            Assert.Equal("login.invalid", await (await organization.PasskeyLoginAsync(token, authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
        }

        await (await organization.LoginWithAsync(authenticator)).OkAsync();
    }

    [Fact]
    public async Task A_signature_that_is_not_the_passkeys_signs_nobody_in()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        using var forger = new SoftAuthenticator(organization) { Id = authenticator.Id, UserHandle = authenticator.UserHandle };
        Assert.Equal("login.invalid", await (await organization.LoginWithAsync(forger)).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-1, SEC-6
    public async Task A_passkey_and_a_challenge_of_one_organization_are_none_in_another()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var authenticator = await a.AddPasskeyAsync("user");
        var (token, options) = await a.BeginPasskeyLoginAsync();
        var answer = authenticator.Get(options);
        Assert.Equal("login.invalid", await (await b.PasskeyLoginAsync(token, answer)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await b.LoginWithAsync(authenticator)).CodeAsync(HttpStatusCode.Unauthorized));

        // Even with the very same rows, member and key: it was made for another host.
        var row = (await a.QueryAsync<string>("SELECT encode(credential_id, 'hex') || '|' || data::text FROM passkeys"))[0].Split('|', 2);
        await b.QueryAsync<int>($"UPDATE passkeys SET user_id = user_id; INSERT INTO passkeys (credential_id, user_id, data) VALUES (decode('{row[0]}', 'hex'), '{b.UserId}', '{row[1]}') RETURNING 1");
        authenticator.UserHandle = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes($"{b.UserId}"));
        Assert.Equal("login.invalid", await (await b.LoginWithAsync(authenticator)).CodeAsync(HttpStatusCode.Unauthorized));
        authenticator.Mend(b);
        await (await b.LoginWithAsync(authenticator)).OkAsync();
        await (await a.PasskeyLoginAsync(token, answer)).OkAsync();
    }

    [Fact] // SEC-29
    public async Task Of_twenty_right_answers_to_one_challenge_at_once_one_starts_a_session()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        var before = await organization.CountAsync("sessions");
        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var racing = Enumerable.Range(0, 20).Select(_ => organization.PasskeyLoginAsync(token, authenticator.Get(options))).ToList();
        await rows.WaitForWaitersAsync(4);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);
        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal(19, answers.Count(HttpStatusCode.Unauthorized));
        Assert.Equal(before + 1, await organization.CountAsync("sessions"));
    }

    [Fact] // SEC-29
    public async Task Behind_a_password_it_is_a_second_factor_and_counts_with_the_others()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = await organization.AddPasskeyAsync(user);
        var app = await organization.EnableMfaAsync(user);
        var begun = await (await organization.TryLoginAsync("user")).OkAsync();
        Assert.Equal(["totp", "passkey", "recovery_code"], begun.GetProperty("methods").EnumerateArray().Select(method => method.GetString()!));

        var mfa = begun.GetProperty("mfa_token").GetString()!;
        var options = await organization.BeginFactorAsync(mfa);
        Assert.Equal(authenticator.IdText, Assert.Single(options.GetProperty("allowCredentials").EnumerateArray()).GetProperty("id").GetString());
        var tokens = await (await organization.FinishWithAsync(mfa, authenticator.Get(options))).OkAsync();
        Assert.Equal(["hwk", "mfa", "pwd"], tokens.Methods().Order());
        Assert.Equal("mfa_token.invalid", await (await organization.FinishWithAsync(mfa, authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));

        mfa = await organization.MfaTokenAsync("user");
        using var admins = await organization.AddPasskeyAsync("admin");
        foreach (var how in new[] { "origin", "unverified", "admin's" })
        {
            options = await organization.BeginFactorAsync(mfa);
            authenticator.Spoil(how);
            Assert.Equal("mfa.invalid", await (await organization.FinishWithAsync(mfa, how == "admin's" ? admins.Get(options) : authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
            authenticator.Mend(organization);
        }

        // An answer to what was asked before, once it was judged, is wrong too.
        Assert.Equal("mfa.invalid", await (await organization.FinishWithAsync(mfa, authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa.invalid", await (await organization.FinishLoginAsync(mfa, "nonsense")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa.locked", await (await organization.FinishLoginAsync(mfa, app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.TooManyRequests));
        Assert.Equal("mfa.locked", await (await organization.FinishWithAsync(mfa, authenticator.Get(options))).CodeAsync(HttpStatusCode.TooManyRequests));
        Assert.Equal("mfa.locked", await (await organization.Anonymous.PostAsJsonAsync("/login/mfa/passkey/options", new { mfa_token = mfa })).CodeAsync(HttpStatusCode.TooManyRequests));

        // Whoever guesses there locks nobody out of a passkey alone, which nobody guesses.
        await (await organization.LoginWithAsync(authenticator)).OkAsync();
        Assert.Equal("mfa.locked", await (await organization.FinishLoginAsync(mfa, app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.TooManyRequests));
    }

    [Fact] // SEC-22
    public async Task Tokens_of_one_ceremony_are_none_of_another()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        var mfa = await organization.MfaTokenAsync("user");
        var factor = await organization.BeginFactorAsync(mfa);
        Assert.Equal("mfa_token.invalid", await (await organization.FinishWithAsync(token, authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa_token.invalid", await (await organization.FinishWithAsync("mf_" + token[3..], authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await organization.PasskeyLoginAsync(mfa, authenticator.Get(factor))).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.PasskeyLoginAsync(token, authenticator.Get(options))).OkAsync();
        await (await organization.FinishWithAsync(mfa, authenticator.Get(factor))).OkAsync();
    }

    [Fact]
    public async Task The_organization_decides_which_ways_there_are()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var authenticator = await organization.AddPasskeyAsync(admin);
        var (token, options) = await organization.BeginPasskeyLoginAsync();

        await (await admin.AllowAsync("password")).OkAsync();
        Assert.Equal("login.invalid", await (await organization.Anonymous.PostAsync("/login/passkey/options", null)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await organization.PasskeyLoginAsync(token, authenticator.Get(options))).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.True(await organization.AsksForMfaAsync("admin"));

        await (await admin.AllowAsync("passkey")).OkAsync();
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("admin")).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.LoginWithAsync(authenticator)).OkAsync();
    }

    [Fact] // SEC-33
    public async Task Where_passwords_are_turned_off_one_still_leads_to_the_first_passkey_and_nowhere_else()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var authenticator = await organization.AddPasskeyAsync(admin);
        using var before = await organization.SignInAsync("user");
        await (await admin.AllowAsync("passkey")).OkAsync();

        // It acts on live sessions, that of the admin among them, until they have shown a passkey.
        Assert.Equal("mfa.setup_required", await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("mfa.setup_required", await (await before.GetAsync("/me/devices")).CodeAsync(HttpStatusCode.Forbidden));

        using var byPasskey = await organization.SignInWithAsync(authenticator);
        await (await byPasskey.GetAsync("/members")).OkAsync();

        var tokens = await organization.TokensAsync("user");
        using var user = organization.WithToken(tokens.Access());
        Assert.Equal("mfa.setup_required", await (await user.GetAsync("/me/devices")).CodeAsync(HttpStatusCode.Forbidden));
        using var first = await organization.AddPasskeyAsync(user);
        using var refreshed = organization.WithToken((await (await organization.RefreshAsync(tokens.Refresh())).OkAsync()).Access());
        await (await refreshed.GetAsync("/me/devices")).OkAsync();

        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.LoginWithAsync(first)).OkAsync();
    }
}
