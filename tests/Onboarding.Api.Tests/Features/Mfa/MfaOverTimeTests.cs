using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>Both sides of every limit that time sets. The clock stands at the beginning of a step when a test begins.</summary>
[Collection(ClockCollection.Name)]
public sealed class MfaOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    [Fact] // SEC-27: one step either side
    public async Task A_code_is_good_one_step_early_and_one_step_late_and_no_more()
    {
        var (organization, app) = await BeginAsync();
        foreach (var tooFar in new[] { -2 * Step, 2 * Step })
        {
            Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", app.Code(tooFar))).CodeAsync(HttpStatusCode.Unauthorized));
        }

        await organization.QueryAsync<int>("UPDATE totp SET last_step = 0 RETURNING 1");
        foreach (var step in new[] { -1, 0, 1 })
        {
            await (await organization.LoginWithAsync("user", await Oathtool.CodeAsync(app.Secret, clocked.Clock.GetUtcNow() + (step * Step)))).OkAsync();
        }
    }

    [Fact] // SEC-27: to the second
    public async Task A_code_goes_with_the_end_of_the_step_after_its_own()
    {
        var (organization, app) = await BeginAsync();
        var (one, other) = (app.Code(Step), app.Code(3 * Step));
        await clocked.AdvanceAsync((3 * Step) - Second);
        await (await organization.LoginWithAsync("user", one)).OkAsync();
        await clocked.AdvanceAsync((2 * Step) + Second);
        Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", other)).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-27: "a used step or an earlier one"
    public async Task After_a_code_none_of_an_earlier_step_is_taken()
    {
        var (organization, app) = await BeginAsync();
        await clocked.AdvanceAsync(4 * Step);
        await (await organization.LoginWithAsync("user", app.Code(Step))).OkAsync();
        foreach (var used in new[] { app.Code(Step), app.Code(), app.Code(-Step) })
        {
            Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", used)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        await clocked.AdvanceAsync(Step);
        await (await organization.LoginWithAsync("user", app.Code(Step))).OkAsync();
    }

    [Fact]
    public async Task A_challenge_is_good_for_five_minutes()
    {
        var (organization, app) = await BeginAsync();
        var (first, second) = (await organization.MfaTokenAsync("user"), "");
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(5) - Second);
        await (await organization.FinishLoginAsync(first, app.Code())).OkAsync();
        second = await organization.MfaTokenAsync("user");
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync(second, app.Code())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-29
    public async Task After_five_wrong_codes_the_right_one_waits_for_15_minutes_and_then_five_more_may_be_wrong()
    {
        var (organization, app) = await BeginAsync();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal("mfa.invalid", await (await organization.LoginWithAsync("user", app.Code().Other())).CodeAsync(HttpStatusCode.Unauthorized));
            }

            var refused = await organization.LoginWithAsync("user", app.Code());
            Assert.Equal("mfa.locked", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
            Assert.Equal(TimeSpan.FromMinutes(15), refused.Headers.RetryAfter!.Delta);
            await clocked.AdvanceAsync(TimeSpan.FromMinutes(15) - Second);
            refused = await organization.LoginWithAsync("user", app.Code());
            Assert.Equal("mfa.locked", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
            Assert.Equal(Second, refused.Headers.RetryAfter!.Delta);
            await clocked.AdvanceAsync(Second);
        }

        await (await organization.LoginWithAsync("user", app.Code())).OkAsync();
    }

    [Fact]
    public async Task A_device_is_remembered_for_30_days_however_often_it_is_used()
    {
        var (organization, app) = await BeginAsync();
        await clocked.AdvanceAsync(2 * Step);
        var device = (await (await organization.LoginWithAsync("user", app.Code(), rememberDevice: true)).OkAsync()).GetProperty("device_token").GetString();
        await clocked.AdvanceAsync(TimeSpan.FromDays(30) - Second);
        var tokens = await (await organization.LoginFromAsync("user", device)).OkAsync();
        using var client = organization.WithToken(tokens.Access());
        Assert.Single((await (await client.GetAsync("/me/devices")).OkAsync()).GetProperty("data").EnumerateArray());

        await clocked.AdvanceAsync(Second);
        Assert.True((await (await organization.LoginFromAsync("user", device)).OkAsync()).GetProperty("mfa_required").GetBoolean());
        Assert.Empty((await (await client.GetAsync("/me/devices")).OkAsync()).GetProperty("data").EnumerateArray());
    }

    [Fact] // SEC-30
    public async Task Factors_are_changed_within_five_minutes_of_the_sign_in_and_refreshing_is_none()
    {
        var (organization, app) = await BeginAsync();
        await clocked.AdvanceAsync(2 * Step);
        var tokens = await (await organization.LoginWithAsync("user", app.Code())).OkAsync();
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(5));
        tokens = await (await organization.RefreshAsync(tokens.Refresh())).OkAsync();
        using var client = organization.WithToken(tokens.Access());
        await (await client.PostAsync("/me/mfa/recovery-codes", null)).OkAsync();

        await clocked.AdvanceAsync(Second);
        tokens = await (await organization.RefreshAsync(tokens.Refresh())).OkAsync();
        client.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        foreach (var change in new Func<Task<HttpResponseMessage>>[]
        {
            () => client.PostAsync("/me/mfa/totp", null), () => client.ConfirmTotpAsync("123456"), () => client.DeleteAsync("/me/mfa/totp"), () => client.PostAsync("/me/mfa/recovery-codes", null),
        })
        {
            Assert.Equal("reauthentication.required", await (await change()).CodeAsync(HttpStatusCode.Forbidden));
        }

        Assert.True(await organization.AsksForMfaAsync("user"));
    }

    /// <summary>A user with an app, whose code of the step before the current one is the last that was used.</summary>
    private async Task<(TestOrganization Organization, Authenticator App)> BeginAsync()
    {
        var organization = await clocked.OrganizationAsync();
        var intoStep = clocked.Clock.GetUtcNow().ToUnixTimeSeconds() % 30;
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(30 - intoStep));
        using var user = await organization.SignInAsync("user");
        var app = new Authenticator(organization, await user.SetUpTotpAsync(), []);
        var codes = (await (await user.ConfirmTotpAsync(app.Code(-Step))).OkAsync()).Codes();
        return (organization, app with { RecoveryCodes = codes });
    }
}
