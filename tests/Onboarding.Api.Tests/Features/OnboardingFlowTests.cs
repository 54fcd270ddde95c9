using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features;

/// <summary>The main job, verbatim: from a registration to a session, and out again.</summary>
public sealed class OnboardingFlowTests(ApiFixture fixture)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_gets_from_registration_to_a_session_and_out_again(bool byHost)
    {
        var organization = await fixture.OrganizationAsync();
        using var client = fixture.App.ClientFor(byHost ? organization.Identifier : null);
        if (!byHost)
        {
            client.DefaultRequestHeaders.Add("X-Tenant", organization.Identifier);
        }

        var email = organization.EmailOf("ada");
        var registered = await (await client.PostAsJsonAsync("/register/", new { username = "ada", email, full_name = "Ada Lovelace" })).OkAsync(HttpStatusCode.Accepted);
        Assert.Equal("verification_sent", registered.GetProperty("status").GetString());

        var code = (await fixture.Smtp.WaitForAsync(email)).Code;
        var verified = await (await client.PostAsJsonAsync("/verify-otp/", new { email, otp = code })).OkAsync();
        Assert.Equal("pending_approval", verified.GetProperty("status").GetString());
        Assert.Equal("login.invalid", await (await client.PostAsJsonAsync("/login/", new { username = "ada", password = TestOrganization.Password })).CodeAsync(HttpStatusCode.Unauthorized));

        using var admin = await organization.SignInAsync();
        var queue = await (await admin.GetAsync("/admin-dashboard/?search=ada")).OkAsync();
        var id = queue.GetProperty("data")[0].GetProperty("id").GetString();
        var decided = await (await admin.PatchAsJsonAsync("/admin-dashboard/", new { id, action = "approve" })).OkAsync();
        Assert.Equal("approved", decided.GetProperty("results")[0].GetProperty("status").GetString());

        var link = (await fixture.Smtp.WaitForAsync(email, mail => mail.Subject.Contains("approved", StringComparison.OrdinalIgnoreCase) || mail.Text.Contains("set-password", StringComparison.Ordinal))).Link;
        Assert.Equal($"{organization.Identifier}.localhost", link.Host);
        await (await client.PostAsJsonAsync($"{link.AbsolutePath}/", new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);

        var tokens = await (await client.PostAsJsonAsync("/login/", new { username = "ada", password = TestOrganization.Password })).OkAsync();
        var refreshed = await (await client.PostAsJsonAsync("/refresh/", new { refresh = tokens.GetProperty("refresh").GetString() })).OkAsync();
        using var signedIn = organization.WithToken(refreshed.GetProperty("access").GetString()!);
        Assert.Equal("ada", (await (await signedIn.GetAsync("/me")).OkAsync()).GetProperty("username").GetString());

        await (await client.PostAsJsonAsync("/logout/", new { refresh = refreshed.GetProperty("refresh").GetString() })).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("token.invalid", await (await signedIn.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await client.PostAsJsonAsync("/refresh/", new { refresh = refreshed.GetProperty("refresh").GetString() })).CodeAsync(HttpStatusCode.Unauthorized));
    }
}
