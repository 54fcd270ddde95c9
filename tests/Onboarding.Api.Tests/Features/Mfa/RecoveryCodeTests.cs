using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

public sealed class RecoveryCodeTests(ApiFixture fixture)
{
    [Fact] // SEC-28
    public async Task Each_of_the_ten_signs_in_once_however_it_is_typed_and_says_so()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        Assert.Equal(10, app.RecoveryCodes.Count);
        foreach (var (index, code) in app.RecoveryCodes.Index())
        {
            var typed = (index % 3) switch { 0 => code, 1 => code.ToLowerInvariant().Replace("-", "", StringComparison.Ordinal), _ => $" {code.Replace('-', ' ').Replace('0', 'O').Replace('1', 'l')} " };
            var tokens = await (await organization.LoginWithAsync("user", typed)).OkAsync();
            Assert.Equal(["pwd", "otp", "mfa"], tokens.Methods());
        }

        foreach (var code in app.RecoveryCodes.Take(3))
        {
            Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", code)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal(10, await organization.CountAsync($"audit_log WHERE action = 'member.mfa_changed' AND note = 'recovery_code_used' AND actor_id = '{organization.UserId}'"));
        Assert.Equal(11, await organization.CountAsync("outbox WHERE type = 'member.mfa_changed'"));
    }

    [Fact] // SEC-28
    public async Task New_ones_void_the_old_ones()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        using var client = await organization.SignInWithAsync("user", app);
        var renewed = (await (await client.PostAsync("/me/mfa/recovery-codes", null)).OkAsync()).Codes();

        Assert.Equal(10, renewed.Distinct().Count());
        Assert.Empty(renewed.Intersect(app.RecoveryCodes));
        Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.Unauthorized));
        await (await organization.LoginWithAsync("user", renewed[0])).OkAsync();
        Assert.Equal(10, await organization.CountAsync("recovery_codes"));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.mfa_changed' AND note = 'recovery_codes_renewed'"));
    }
}
