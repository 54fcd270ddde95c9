using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class ResetMfaTests(ApiFixture fixture)
{
    private static readonly string[] Tables = ["totp", "recovery_codes", "remembered_devices", "sign_in_challenges", "passkeys"];

    [Fact] // SEC-24, SEC-48
    public async Task A_reset_takes_off_every_factor_and_ends_every_session()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var tokens = await (await organization.LoginWithAsync("user", await app.NewCodeAsync(), rememberDevice: true)).OkAsync();
        var open = await organization.MfaTokenAsync("user");
        await organization.QueryAsync<int>($$"""INSERT INTO passkeys (credential_id, user_id, data) VALUES ('\x01', '{{organization.UserId}}', '{"PublicKey": "", "SignCount": 0}') RETURNING 1""");
        Assert.Equal("mfa.invalid", await (await organization.FinishLoginAsync(open, "nonsense")).CodeAsync(HttpStatusCode.Unauthorized));
        using var admin = await organization.SignInAsync();

        var answer = await (await admin.PostAsync($"/members/{organization.UserId}/reset-mfa", null)).OkAsync();

        Assert.False(answer.GetProperty("mfa").GetBoolean());
        foreach (var table in Tables)
        {
            Assert.True(await organization.CountAsync($"{table}") == 0, table);
        }

        Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("mfa_token.invalid", await (await organization.FinishLoginAsync(open, app.RecoveryCodes[0])).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.False((await (await organization.LoginFromAsync("user", tokens.GetProperty("device_token").GetString())).OkAsync()).TryGetProperty("mfa_required", out _));
        Assert.Equal([0], await organization.QueryAsync<int>($"SELECT access_failed_count FROM members WHERE id = '{organization.UserId}'"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.mfa_changed' AND note = 'reset' AND actor_id = '{organization.AdminId}' AND subject_id = '{organization.UserId}'"));
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_reset_and_nobody_resets_the_own()
    {
        var (organization, other) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        await other.EnableMfaAsync("user");
        await organization.EnableMfaAsync("user");
        using var admin = await organization.SignInAsync();
        Assert.Equal("member.self", await (await admin.PostAsync($"/members/{organization.AdminId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("member.not_found", await (await admin.PostAsync($"/members/{other.UserId}/reset-mfa", null)).CodeAsync(HttpStatusCode.NotFound));
        var without = await organization.AddActiveAsync("without", Roles.User);
        Assert.Equal("member.not_allowed", await (await admin.PostAsync($"/members/{without}/reset-mfa", null)).CodeAsync(HttpStatusCode.Conflict));

        using var user = await organization.SignInAsync("without");
        Assert.Equal("permission.denied", await (await user.PostAsync($"/members/{organization.UserId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.True(await organization.AsksForMfaAsync("user"));
        Assert.True(await other.AsksForMfaAsync("user"));
    }

    [Fact] // SEC-30
    public async Task No_key_resets_whoever_created_it()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("keeper", Permissions.ManageApiKeys, Permissions.ManageMembers);
        var keeperId = await organization.AddActiveAsync("keeper", "keeper");
        IssuedKey own, organizations, others;
        using (var keeper = await organization.SignInAsync("keeper"))
        {
            (own, organizations, others) = (await keeper.CreateOwnKeyAsync(Permissions.ManageMembers), await keeper.CreateKeyAsync(Permissions.ManageMembers), await admin.CreateKeyAsync(Permissions.ManageMembers));
        }

        await organization.EnableMfaAsync("keeper");
        var path = $"/members/{keeperId}/reset-mfa";
        using var ownMachine = organization.WithKey(own);
        using var machine = organization.WithKey(organizations);
        using var othersMachine = organization.WithKey(others);
        Assert.Equal("member.self", await (await ownMachine.PostAsync(path, null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("member.self", await (await machine.PostAsync(path, null)).CodeAsync(HttpStatusCode.Forbidden));

        // With less than the key may, the member is nobody whom it could not manage; but it stays the one who created it.
        await (await admin.PutAsJsonAsync($"/members/{keeperId}/role", new { role = Roles.User })).OkAsync();
        Assert.Equal("member.self", await (await machine.PostAsync(path, null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.True(await organization.AsksForMfaAsync("keeper"));
        await (await othersMachine.PostAsync(path, null)).OkAsync();
        Assert.False(await organization.AsksForMfaAsync("keeper"));
    }

    [Fact] // ONB-8
    public async Task Nobody_resets_somebody_who_may_do_more()
    {
        var organization = await fixture.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            await admin.DefineRoleAsync("helper", Permissions.ManageMembers);
            await organization.EnableMfaAsync(admin);
        }

        await organization.AddActiveAsync("helper", "helper");
        using var helper = await organization.SignInAsync("helper");
        Assert.Equal("member.outranks", await (await helper.PostAsync($"/members/{organization.AdminId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.True(await organization.AsksForMfaAsync("admin"));
    }

    [Fact] // A code and the reset at once: whichever is first, no session is left.
    public async Task A_sign_in_that_meets_the_reset_is_ended_or_refused()
    {
        var organization = await fixture.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        var (token, code) = (await organization.MfaTokenAsync("user"), await app.NewCodeAsync());
        using var admin = await organization.SignInAsync();
        await using var rows = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{organization.UserId}' FOR UPDATE");
        var (signingIn, resetting) = (organization.FinishLoginAsync(token, code), admin.PostAsync($"/members/{organization.UserId}/reset-mfa", null));
        await rows.WaitForWaitersAsync(2);
        await rows.ReleaseAsync();

        await (await resetting).OkAsync();
        var answer = await signingIn;
        if (answer.IsSuccessStatusCode)
        {
            Assert.Equal("token.invalid", await (await organization.MeAsync((await answer.OkAsync()).Access())).CodeAsync(HttpStatusCode.Unauthorized));
        }
        else
        {
            Assert.Equal("mfa_token.invalid", await answer.CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal(0, await organization.CountAsync($"sessions WHERE ended_at IS NULL AND member_id = '{organization.UserId}'"));
    }
}
