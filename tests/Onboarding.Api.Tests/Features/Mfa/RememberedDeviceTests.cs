using System.Net;
using Onboarding.Tenancy;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

public sealed class RememberedDeviceTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_remembered_device_signs_in_without_a_code_but_not_without_the_password()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, device) = await RememberAsync(organization);

        var tokens = await (await organization.LoginFromAsync("user", device)).OkAsync();
        Assert.Equal(["pwd", "mfa"], tokens.Methods());
        Assert.False(tokens.TryGetProperty("device_token", out _));
        Assert.Equal("login.invalid", await (await organization.LoginFromAsync("user", device, "wrong wrong wrong")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.True(await organization.AsksForMfaAsync("user"));
        Assert.Equal(1, await organization.CountAsync("remembered_devices WHERE last_used_at > created_at"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'device.remembered' AND actor_id = '{organization.UserId}'"));
    }

    [Fact] // SEC-6, SEC-22
    public async Task The_token_of_a_device_is_worth_nothing_to_others_and_elsewhere()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var (_, device) = await RememberAsync(a);
        await a.EnableMfaAsync("admin");
        await b.EnableMfaAsync("user");

        foreach (var (organization, name) in new[] { (a, "admin"), (b, "user") })
        {
            Assert.True((await (await organization.LoginFromAsync(name, device)).OkAsync()).GetProperty("mfa_required").GetBoolean());
        }

        foreach (var wrong in new[] { "nonsense", "rd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "mf_" + device[3..], "" })
        {
            Assert.True((await (await a.LoginFromAsync("user", wrong)).OkAsync()).GetProperty("mfa_required").GetBoolean());
        }

        Assert.Equal("token.invalid", await (await a.MeAsync(device)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await a.RefreshAsync("rt_" + device[3..])).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa_token.invalid", await (await a.FinishLoginAsync("mf_" + device[3..], "123456")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task Devices_are_listed_newest_first_in_pages_and_each_can_be_forgotten()
    {
        var organization = await fixture.OrganizationAsync();
        var (app, first) = await RememberAsync(organization);
        var devices = new List<string> { first };
        for (var i = 0; i < 2; i++)
        {
            devices.Add((await (await organization.LoginWithAsync("user", app.RecoveryCodes[i], rememberDevice: true)).OkAsync()).GetProperty("device_token").GetString()!);
        }

        using var user = organization.WithToken((await (await organization.LoginFromAsync("user", first)).OkAsync()).Access());
        var listed = await Paged.AllAsync(user, "/me/devices", limit: 2);
        Assert.Equal(3, listed.Count);
        Assert.Equal(listed.OrderByDescending(d => d.GetProperty("created_at").GetDateTimeOffset()).Select(d => d.GetProperty("id").GetGuid()), listed.Select(d => d.GetProperty("id").GetGuid()));
        Assert.All(listed, d => Assert.Equal(TimeSpan.FromDays(30), d.GetProperty("expires_at").GetDateTimeOffset() - d.GetProperty("created_at").GetDateTimeOffset()));
        Assert.Equal("127.0.0.1", listed[0].GetProperty("ip_address").GetString());

        var newest = listed[0].GetProperty("id").GetGuid();
        await (await user.DeleteAsync($"/me/devices/{newest}")).OkAsync(HttpStatusCode.NoContent);
        Assert.True((await (await organization.LoginFromAsync("user", devices[2])).OkAsync()).GetProperty("mfa_required").GetBoolean());
        await (await organization.MeAsync((await (await organization.LoginFromAsync("user", devices[1])).OkAsync()).Access())).OkAsync();
        Assert.Equal("device.not_found", await (await user.DeleteAsync($"/me/devices/{newest}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'device.forgotten'"));
    }

    [Fact] // SEC-3
    public async Task A_device_of_somebody_else_reads_as_missing_and_stays()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, device) = await RememberAsync(organization);
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM remembered_devices"));
        using var admin = await organization.SignInAsync();
        Assert.Empty((await (await admin.GetAsync("/me/devices")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal("device.not_found", await (await admin.DeleteAsync($"/me/devices/{id}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("device.not_found", await (await admin.DeleteAsync($"/me/devices/{Ids.New(TimeProvider.System.GetUtcNow())}")).CodeAsync(HttpStatusCode.NotFound));
        (await organization.LoginFromAsync("user", device)).EnsureSuccessStatusCode();
    }

    [Fact] // SEC-30: a password and a device that was left behind do not take the factors over
    public async Task A_session_of_a_remembered_device_does_not_change_the_factors()
    {
        var organization = await fixture.OrganizationAsync();
        var (app, device) = await RememberAsync(organization);
        using var remembered = organization.WithToken((await (await organization.LoginFromAsync("user", device)).OkAsync()).Access());
        Assert.Equal("reauthentication.required", await (await remembered.DeleteAsync("/me/mfa/totp")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("reauthentication.required", await (await remembered.PostAsync("/me/mfa/recovery-codes", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("mfa.already_enabled", await (await remembered.PostAsync("/me/mfa/totp", null)).CodeAsync(HttpStatusCode.Conflict));

        using var shown = await organization.SignInWithAsync("user", app);
        await (await shown.PostAsync("/me/mfa/recovery-codes", null)).OkAsync();
    }

    [Fact] // SEC-19: whoever changes the password may not trust those who know the old one, nor their devices
    public async Task Another_password_makes_strangers_of_all_devices()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, device) = await RememberAsync(organization);
        await organization.RunAsync(async db =>
        {
            var member = await db.Members.FindAsync(organization.UserId);
            member!.ChangePassword(member.PasswordHash!, reset: true, TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync();
        });
        Assert.True((await (await organization.LoginFromAsync("user", device)).OkAsync()).GetProperty("mfa_required").GetBoolean());
    }

    [Fact] // SEC-24: forgotten while it signs in
    public async Task A_device_that_is_forgotten_while_it_signs_in_is_asked_for_a_code()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, device) = await RememberAsync(organization);
        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var signingIn = organization.LoginFromAsync("user", device);
        await rows.WaitForWaitersAsync(1);
        await rows.ReleaseAsync("DELETE FROM remembered_devices");
        Assert.True((await (await signingIn).OkAsync()).GetProperty("mfa_required").GetBoolean());
    }

    private static async Task<(Authenticator App, string Device)> RememberAsync(TestOrganization organization)
    {
        var app = await organization.EnableMfaAsync("user");
        var tokens = await (await organization.LoginWithAsync("user", await app.NewCodeAsync(), rememberDevice: true)).OkAsync();
        return (app, tokens.GetProperty("device_token").GetString()!);
    }
}
