using System.Net;
using Onboarding.Api.Http;
using Onboarding.Api.Jobs;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Tenancy.SignIn;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>Passkeys with a clock that the tests turn.</summary>
[Collection(ClockCollection.Name)]
public sealed class PasskeysOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    public async Task What_a_browser_was_asked_may_be_answered_for_five_minutes(int seconds, bool good)
    {
        var organization = await clocked.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("admin");
        using var user = await organization.SignInAsync("user");
        using var another = new SoftAuthenticator(organization);
        var (registration, creation) = await user.BeginPasskeyAsync();
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        var mfa = await organization.MfaTokenAsync("admin");
        var factor = await organization.BeginFactorAsync(mfa);

        await clocked.AdvanceAsync(SignInChallenge.Lifetime + TimeSpan.FromSeconds(seconds));
        Assert.Equal(good ? HttpStatusCode.Created : HttpStatusCode.BadRequest, (await user.AddPasskeyAsync(registration, another.Create(creation))).StatusCode);
        var expected = good ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;
        Assert.Equal(expected, (await organization.PasskeyLoginAsync(token, authenticator.Get(options))).StatusCode);
        Assert.Equal(expected, (await organization.FinishWithAsync(mfa, authenticator.Get(factor))).StatusCode);
    }

    [Fact] // SEC-30
    public async Task Adding_and_removing_one_needs_a_fresh_sign_in_and_one_by_passkey_will_do()
    {
        var organization = await clocked.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = await organization.AddPasskeyAsync(user);
        await clocked.AdvanceAsync(FreshSignIn.Lifetime + Second);
        Assert.Equal("reauthentication.required", await (await user.PostAsync("/me/passkeys/options", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("reauthentication.required", await (await user.AddPasskeyAsync("pk_", new { id = "AAAA" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("reauthentication.required", await (await user.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).CodeAsync(HttpStatusCode.Forbidden));

        using var fresh = await organization.SignInWithAsync(authenticator);
        using var another = await organization.AddPasskeyAsync(fresh);
        await (await fresh.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).OkAsync(HttpStatusCode.NoContent);
        await (await organization.LoginWithAsync(another)).OkAsync();
    }

    [Fact] // Anybody may begin, so what was begun must not pile up.
    public async Task A_sign_in_that_was_only_begun_is_gone_after_a_day()
    {
        var organization = await clocked.OrganizationAsync();
        await organization.BeginPasskeyLoginAsync();
        await clocked.AdvanceAsync(SignInChallenge.Lifetime + TimeSpan.FromDays(1));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(1, await organization.CountAsync("sign_in_challenges"));
        await clocked.AdvanceAsync(Second);
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(0, await organization.CountAsync("sign_in_challenges"));
    }
}
