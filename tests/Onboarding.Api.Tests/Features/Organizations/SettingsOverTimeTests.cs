using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Organizations;

[Collection(ClockCollection.Name)]
public sealed class SettingsOverTimeTests(ClockedApp clocked)
{
    [Fact] // SEC-26
    public async Task Shorter_sessions_hold_from_the_next_sign_in_on()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var earlier = await organization.TokensAsync("user");
        Assert.Equal(14 * 24 * 3600, earlier.GetProperty("refresh_expires_in").GetInt32());
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { session_idle_minutes = 10, session_absolute_minutes = 25 } })).OkAsync();

        var (lies, works) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        Assert.Equal(600, works.GetProperty("refresh_expires_in").GetInt32());
        for (var minute = 9; minute < 25; minute += 8)
        {
            await clocked.AdvanceAsync(TimeSpan.FromMinutes(minute == 9 ? 9 : 8));
            works = await (await organization.RefreshAsync(works.Refresh())).OkAsync();
        }

        // 17 minutes have passed: one lay unused for too long, and the other has 8 left however busy it is.
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(lies.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(8 * 60, works.GetProperty("refresh_expires_in").GetInt32());
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(8));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(works.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));

        // A session of before keeps its end; that it must not lie unused holds from its next refresh on.
        earlier = await (await organization.RefreshAsync(earlier.Refresh())).OkAsync();
        Assert.Equal(600, earlier.GetProperty("refresh_expires_in").GetInt32());

        // No limit of an organization's own lengthens the product's.
        using var again = await organization.SignInAsync();
        await (await again.PatchAsJsonAsync("/organization", new { security = new { session_idle_minutes = 129_600, session_absolute_minutes = 525_600 } })).OkAsync();
        Assert.Equal(14 * 24 * 3600, (await organization.TokensAsync("user")).GetProperty("refresh_expires_in").GetInt32());
    }

    [Fact]
    public async Task Mails_carry_the_name_and_the_looks_of_the_day_they_leave()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var before = await organization.MailOfAsync(organization.EmailOf("ada"), () => organization.RegisterAsync("ada"));
        Assert.Contains(organization.Organization.Name, before.Subject, StringComparison.Ordinal);
        Assert.Contains("#2f5bea", before.Html, StringComparison.Ordinal);

        await (await admin.PatchAsJsonAsync("/organization", new { name = "Acme & Sons", branding = new { logo_url = "https://acme.example/logo.png", accent_color = "#ffd400" } })).OkAsync();
        var after = await organization.MailOfAsync(organization.EmailOf("grace"), () => organization.RegisterAsync("grace"));
        Assert.Contains("Acme & Sons", after.Subject, StringComparison.Ordinal);
        Assert.Contains("bgcolor=\"#ffd400\"", after.Html, StringComparison.Ordinal);
        Assert.Contains("src=\"https://acme.example/logo.png\" alt=\"Acme &amp; Sons\"", after.Html, StringComparison.Ordinal);
    }
}
