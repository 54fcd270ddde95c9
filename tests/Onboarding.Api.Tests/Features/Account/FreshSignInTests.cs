using System.Net;
using System.Net.Http.Headers;
using Onboarding.Api.Http;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Account;

[Collection(ClockCollection.Name)]
public sealed class FreshSignInTests(ClockedApp clocked)
{
    [Fact] // SEC-30
    public async Task Five_minutes_after_signing_in_a_session_is_no_longer_enough_and_refreshing_does_not_help()
    {
        var organization = await clocked.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        using var user = organization.WithToken(tokens.Access());

        await clocked.AdvanceAsync(FreshSignIn.Lifetime);
        Assert.Equal("password.wrong", await (await user.ChangePasswordAsync("eleven brass lanterns swaying", "not the current one")).CodeAsync(HttpStatusCode.BadRequest));

        await clocked.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("reauthentication.required", await (await user.ChangePasswordAsync("eleven brass lanterns swaying")).CodeAsync(HttpStatusCode.Forbidden));
        user.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await (await organization.RefreshAsync(tokens.Refresh())).OkAsync()).Access());
        Assert.Equal("reauthentication.required", await (await user.ChangePasswordAsync("eleven brass lanterns swaying")).CodeAsync(HttpStatusCode.Forbidden));

        // The session itself lives, and another sign-in is enough.
        await (await user.GetAsync("/me")).OkAsync();
        using var again = await organization.SignInAsync("user");
        await (await again.ChangePasswordAsync("eleven brass lanterns swaying")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // SEC-30
    public async Task Whatever_asks_for_a_fresh_sign_in_refuses_an_old_one_before_it_looks_at_anything()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await clocked.AdvanceAsync(FreshSignIn.Lifetime + TimeSpan.FromSeconds(1));

        var guarded = ApiRoute.AllOf(clocked.App).Where(route => route.Metadata.GetOrderedMetadata<OperationError>().Any(error => error.Code == "reauthentication.required")).ToList();
        Assert.Contains(guarded, route => route is { Method: "POST", Pattern: "/me/password" });
        Assert.Contains(guarded, route => route is { Method: "POST", Pattern: "/me/email" });
        Assert.Equal(6, guarded.Count(route => route.Pattern.Contains("api-keys", StringComparison.Ordinal)));
        foreach (var route in guarded)
        {
            using var call = route.Call();
            using var answer = await admin.SendAsync(call);
            Assert.Equal($"{route}: reauthentication.required", $"{route}: {await answer.CodeAsync(HttpStatusCode.Forbidden)}");
        }
    }
}
