using System.Net.Http.Json;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Account;

/// <summary>What the owner of an account hears of without having asked.</summary>
public sealed class NoticeTests(ApiFixture fixture)
{
    private const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
    private const string Safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";

    [Fact] // SEC-48
    public async Task A_sign_in_from_a_new_device_is_told_and_no_other()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("user");

        // The first ever is nobody's surprise, and neither is the same device again; each sign-in of somebody else counts for them alone.
        await SignInAsync(organization, "user", Firefox);
        await SignInAsync(organization, "admin", Safari);
        await SignInAsync(organization, "user", Firefox);
        await organization.SettledAsync();
        Assert.Equal(0, await organization.CountAsync("emails"));

        var mail = await organization.MailOfAsync(email, () => TrySignInAsync(organization, "user", Safari));
        Assert.StartsWith("New sign-in", mail.Subject, StringComparison.Ordinal);
        Assert.Contains(organization.Organization.Name, mail.Text, StringComparison.Ordinal);
        foreach (var part in new[] { mail.Text, mail.Html })
        {
            Assert.Contains("Safari on macOS", part, StringComparison.Ordinal);
            Assert.Contains("127.0.0.1", part, StringComparison.Ordinal);
            Assert.DoesNotContain("Mozilla", part, StringComparison.Ordinal);
        }

        // Known by now, also after its session has ended.
        var tokens = await SignInAsync(organization, "user", Safari);
        (await organization.LogoutAsync(tokens)).EnsureSuccessStatusCode();
        await SignInAsync(organization, "user", Safari);
        await SignInAsync(organization, "admin", Safari);
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync("emails"));

        await organization.MailOfAsync(email, () => TrySignInAsync(organization, "user", userAgent: null));
        Assert.Equal(2, await organization.CountAsync("emails WHERE template = 'new_sign_in'"));
    }

    [Fact] // SEC-48
    public async Task A_failed_sign_in_from_a_new_device_sends_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        await SignInAsync(organization, "user", Firefox);
        using var request = Login("user", "four loud herons at dusk", Safari);
        Assert.False((await organization.Anonymous.SendAsync(request)).IsSuccessStatusCode);
        await organization.SettledAsync();
        Assert.Equal(0, await organization.CountAsync("emails"));
    }

    [Theory] // SEC-48
    [InlineData(MfaChange.TotpDisabled, "authenticator app has been taken off")]
    [InlineData(MfaChange.Reset, "administrator has taken off")]
    public async Task A_change_of_second_factors_is_told(MfaChange change, string expected)
    {
        var organization = await fixture.OrganizationAsync();
        await organization.RunAsync(async db =>
        {
            db.Record(new MemberMfaChanged(organization.UserId, change, TimeProvider.System.GetUtcNow()), Actor.System);
            return await db.SaveChangesAsync();
        });

        var mail = await fixture.Smtp.WaitForAsync(organization.EmailOf("user"));
        Assert.Contains(expected, mail.Text, StringComparison.Ordinal);
        Assert.Contains(expected, mail.Html, StringComparison.Ordinal);
        Assert.Contains(organization.Organization.Name, mail.Subject, StringComparison.Ordinal);
    }

    private static async Task<string> SignInAsync(TestOrganization organization, string userName, string userAgent) =>
        (await (await TrySignInAsync(organization, userName, userAgent)).OkAsync()).Refresh();

    private static async Task<HttpResponseMessage> TrySignInAsync(TestOrganization organization, string userName, string? userAgent)
    {
        using var request = Login(userName, TestOrganization.Password, userAgent);
        return await organization.Anonymous.SendAsync(request);
    }

    private static HttpRequestMessage Login(string userName, string password, string? userAgent)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = JsonContent.Create(new { username = userName, password }) };
        if (userAgent is not null)
        {
            request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        }

        return request;
    }
}
