using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;
using OtpNet;

namespace Onboarding.Api.Tests.Features.Mfa;

public sealed class TotpTests(ApiFixture fixture)
{
    [Fact] // SEC-27: the acceptance of the issue, by a program that is not ours and by the real clock
    public async Task What_oathtool_shows_signs_in_and_the_same_code_a_second_time_does_not()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        var secret = await user.SetUpTotpAsync();

        // By the code of the step before, so that the one of now is still good for signing in; over its edge it is asked again.
        HttpResponseMessage confirmed;
        do
        {
            confirmed = await user.ConfirmTotpAsync(await Oathtool.CodeAsync(secret, TimeProvider.System.GetUtcNow().AddSeconds(-30)));
        }
        while (confirmed.StatusCode == HttpStatusCode.BadRequest);
        await confirmed.OkAsync();

        var code = await Oathtool.CodeAsync(secret);
        var tokens = await (await organization.LoginWithAsync("user", code)).OkAsync();
        await (await organization.MeAsync(tokens.Access())).OkAsync();
        Assert.Equal(["pwd", "otp", "mfa"], tokens.Methods());

        Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", code)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'sign_in.mfa_failed' AND subject_id = '{organization.UserId}'"));
    }

    [Fact] // SEC-27, RFC 6238: SHA-1, 30 seconds, six digits, 160 bits
    public async Task The_setup_shows_a_secret_an_address_that_apps_read_and_a_picture_of_it()
    {
        var organization = await fixture.OrganizationAsync();
        await RenameAsync(organization, "Häagen: & Söhne");
        using var user = await organization.SignInAsync("user");
        var answer = await (await user.PostAsync("/me/mfa/totp", null)).OkAsync();

        var secret = answer.GetProperty("secret").GetString()!;
        Assert.Matches("^[A-Z2-7]{32}$", secret);
        Assert.Equal(20, Base32Encoding.ToBytes(secret).Length);
        var uri = answer.GetProperty("otpauth_uri").GetString()!;
        Assert.Equal($"otpauth://totp/H%C3%A4agen%20%20%26%20S%C3%B6hne:user?secret={secret}&issuer=H%C3%A4agen%20%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30", uri);
        Assert.Equal(uri, QrPicture.Read(answer.GetProperty("qr_svg").GetString()!));
    }

    [Fact] // SEC-45: as long as names and user names may get
    public async Task Long_names_still_fit_into_the_picture()
    {
        var organization = await fixture.OrganizationAsync();
        await RenameAsync(organization, string.Concat(Enumerable.Repeat("\U0001F600", 100)));
        await organization.QueryAsync<int>($"UPDATE members SET user_name = repeat('\u4E00', 64) WHERE id = '{organization.UserId}' RETURNING 1");
        using var user = await organization.SignInAsync(organization.EmailOf("user"));
        var answer = await (await user.PostAsync("/me/mfa/totp", null)).OkAsync();
        Assert.Equal(answer.GetProperty("otpauth_uri").GetString(), QrPicture.Read(answer.GetProperty("qr_svg").GetString()!));
    }

    [Fact]
    public async Task An_app_counts_once_it_is_confirmed_and_not_before()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        Assert.Equal("mfa.not_set_up", await (await user.ConfirmTotpAsync("123456")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("mfa.not_enabled", await (await user.PostAsync("/me/mfa/recovery-codes", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("mfa.not_enabled", await (await user.DeleteAsync("/me/mfa/totp")).CodeAsync(HttpStatusCode.Conflict));

        // Asked again there is another seed, and the first one's code is good no more.
        var (first, second) = (new Authenticator(organization, await user.SetUpTotpAsync(), []), new Authenticator(organization, await user.SetUpTotpAsync(), []));
        Assert.NotEqual(first.Secret, second.Secret);
        foreach (var wrong in new[] { first.Code(), second.Code(TimeSpan.FromMinutes(2)), second.Code(TimeSpan.FromMinutes(-2)), "12345", "not it", "0" })
        {
            Assert.Equal("mfa.invalid", await (await user.ConfirmTotpAsync(wrong)).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.False(await organization.AsksForMfaAsync("user"));
        Assert.False((await (await user.GetAsync("/me")).OkAsync()).GetProperty("mfa").GetBoolean());

        // As people type it.
        var codes = (await (await user.ConfirmTotpAsync($"{second.Code()[..3]} {second.Code()[3..]}")).OkAsync()).Codes();
        Assert.Equal(10, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Matches("^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$", code));
        Assert.True(await organization.AsksForMfaAsync("user"));
        Assert.True((await (await user.GetAsync("/me")).OkAsync()).GetProperty("mfa").GetBoolean());
        Assert.Equal("mfa.already_enabled", await (await user.PostAsync("/me/mfa/totp", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("mfa.already_enabled", await (await user.ConfirmTotpAsync(second.Code(TimeSpan.FromSeconds(30)))).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_setup_that_was_begun_may_be_given_up()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        var app = new Authenticator(organization, await user.SetUpTotpAsync(), []);
        await (await user.DeleteAsync("/me/mfa/totp")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("mfa.not_set_up", await (await user.ConfirmTotpAsync(app.Code())).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(0, await organization.CountAsync("audit_log WHERE action IN ('member.mfa_changed', 'session.ended')"));
    }

    [Fact] // SEC-27: the code that confirmed is used
    public async Task The_code_that_confirmed_does_not_sign_in()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        var app = new Authenticator(organization, await user.SetUpTotpAsync(), []);
        var code = app.Code();
        await (await user.ConfirmTotpAsync(code)).OkAsync();
        Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", code)).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-24, SEC-48
    public async Task Confirming_raises_this_session_and_ends_the_others()
    {
        var organization = await fixture.OrganizationAsync();
        var (here, elsewhere) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        using var client = organization.WithToken(here.Access());
        await organization.EnableMfaAsync(client);

        Assert.Equal(["pwd"], here.Methods());
        var raised = await (await organization.RefreshAsync(here.Refresh())).OkAsync();
        Assert.Equal(["pwd", "otp", "mfa"], raised.Methods());
        await (await organization.MeAsync(raised.Access())).OkAsync();
        Assert.Equal("token.invalid", await (await organization.MeAsync(elsewhere.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(elsewhere.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(["totp_enabled"], await organization.QueryAsync<string>($"SELECT note FROM audit_log WHERE action = 'member.mfa_changed' AND actor_id = '{organization.UserId}'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.mfa_changed'"));
    }

    [Fact] // SEC-30
    public async Task Taking_the_app_off_takes_everything_along_and_ends_the_other_sessions()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var device = (await (await organization.LoginWithAsync("user", await app.NewCodeAsync(), rememberDevice: true)).OkAsync()).GetProperty("device_token").GetString();
        var open = await organization.MfaTokenAsync("user");
        var tokens = await (await organization.LoginWithAsync("user", app.RecoveryCodes[0])).OkAsync();
        var elsewhere = await (await organization.LoginFromAsync("user", device)).OkAsync();
        using var client = organization.WithToken(tokens.Access());

        await (await client.DeleteAsync("/me/mfa/totp")).OkAsync(HttpStatusCode.NoContent);

        Assert.False(await organization.AsksForMfaAsync("user"));
        foreach (var table in new[] { "totp", "recovery_codes", "remembered_devices", "sign_in_challenges" })
        {
            Assert.Equal(0, await organization.CountAsync(table));
        }

        Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync(open, app.RecoveryCodes[1])).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("token.invalid", await (await organization.MeAsync(elsewhere.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.MeAsync(tokens.Access())).OkAsync();
        Assert.Equal(["pwd"], (await (await organization.RefreshAsync(tokens.Refresh())).OkAsync()).Methods());
        Assert.Equal("mfa.not_enabled", await (await client.DeleteAsync("/me/mfa/totp")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.mfa_changed' AND note = 'totp_disabled'"));
    }

    private static async Task RenameAsync(TestOrganization organization, string name)
    {
        using var admin = await organization.SignInAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { name })).OkAsync();
    }
}
