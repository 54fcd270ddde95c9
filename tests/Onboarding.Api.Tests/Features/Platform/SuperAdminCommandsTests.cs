using System.Net;
using Onboarding.Api.CommandLine;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>What an operator does to a super admin's account ends all sessions, or is not done.</summary>
public sealed class SuperAdminCommandsTests(ApiFixture fixture)
{
    [Theory] // SEC-24, SEC-37
    [InlineData("disable", "disabled_at IS NULL")]
    [InlineData("reset-mfa", "protected_seed IS NULL")]
    public async Task Where_the_sessions_cannot_be_ended_the_account_stays_as_it_was(string verb, string before)
    {
        var one = await Operator.CreateAsync(fixture.App);
        using var signedIn = Operator.WithToken(fixture.App, await one.TokenAsync());
        await using var sessions = await RowLock.HoldAsync(await fixture.OrganizationAsync(), $"SELECT 1 FROM platform.super_admin_sessions WHERE super_admin_id = '{one.Id}' FOR UPDATE");

        // As often as it tries, its connection breaks before the last step.
        var command = SuperAdminCommands.Create(fixture.App.Services).Parse($"{verb} {one.UserName}").InvokeAsync();
        await Eventually.HoldsAsync(
            async () =>
            {
                await fixture.App.Database.QueryAsync<bool>($"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {sessions.ProcessId} = ANY (pg_blocking_pids(pid))");
                return command.IsCompleted;
            },
            "the command gives up");
        Assert.NotEqual(0, await command);
        Assert.Equal([true], await fixture.App.Database.QueryAsync<bool>($"SELECT {before} FROM platform.super_admins WHERE id = '{one.Id}'"));
        Assert.Empty(await fixture.App.Database.QueryAsync<string>($"SELECT action FROM platform.audit_log WHERE subject_id = '{one.Id}' AND action LIKE 'super_admin.%'"));

        await sessions.ReleaseAsync();
        Assert.Equal(0, await SuperAdminCommands.Create(fixture.App.Services).Parse($"{verb} {one.UserName}").InvokeAsync());
        Assert.Equal([false], await fixture.App.Database.QueryAsync<bool>($"SELECT {before} FROM platform.super_admins WHERE id = '{one.Id}'"));
        Assert.Equal("token.invalid", await (await signedIn.GetAsync("/platform/me")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-24, SEC-37
    public async Task No_session_begins_while_the_account_is_being_closed()
    {
        var one = await Operator.CreateAsync(fixture.App);
        await using var account = await RowLock.HoldAsync(await fixture.OrganizationAsync(), $"SELECT 1 FROM platform.super_admins WHERE id = '{one.Id}' FOR UPDATE");
        var signIn = one.TryLoginAsync();
        await account.WaitForWaitersAsync(1);
        var command = SuperAdminCommands.Create(fixture.App.Services).Parse($"disable {one.UserName}").InvokeAsync();
        await account.WaitForWaitersAsync(2);
        await account.ReleaseAsync();

        Assert.Equal(0, await command);
        await signIn;
        Assert.Equal([0L], await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM platform.super_admin_sessions WHERE super_admin_id = '{one.Id}' AND ended_at IS NULL"));
    }
}
