using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignIn;

[Collection(ClockCollection.Name)]
public sealed class RefreshTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // SEC-23, FAULT-3
    public async Task A_client_that_lost_the_answer_may_ask_again_for_thirty_seconds()
    {
        var organization = await clocked.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var lost = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(30));
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();

        Assert.NotEqual(lost.Refresh(), second.Refresh());
        await (await organization.MeAsync(second.Access())).OkAsync();
        await (await organization.RefreshAsync(second.Refresh())).OkAsync();
    }

    [Fact] // SEC-23
    public async Task Past_the_grace_a_second_use_ends_the_whole_family()
    {
        var organization = await clocked.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var other = await organization.TokensAsync("user");
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(30) + Second);

        await RequireFamilyEndedAsync(organization, reused: first.Refresh(), latest: second);
        await (await organization.MeAsync(other.Access())).OkAsync();
        await (await organization.RefreshAsync(other.Refresh())).OkAsync();
    }

    [Fact] // SEC-23
    public async Task Within_the_grace_too_once_the_successor_was_used()
    {
        var organization = await clocked.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        var third = await (await organization.RefreshAsync(second.Refresh())).OkAsync();

        await RequireFamilyEndedAsync(organization, reused: first.Refresh(), latest: third);
    }

    [Fact] // SEC-26
    public async Task A_session_that_lies_unused_for_14_days_has_ended()
    {
        var organization = await clocked.OrganizationAsync();
        var (used, idle) = (await organization.TokensAsync("user"), await organization.TokensAsync("user"));
        await clocked.AdvanceAsync(TimeSpan.FromDays(14) - Second);
        await (await organization.RefreshAsync(used.Refresh())).OkAsync();
        await clocked.AdvanceAsync(Second);

        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(idle.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-26
    public async Task A_session_ends_after_30_days_however_busy_it_is()
    {
        var organization = await clocked.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        foreach (var step in new[] { TimeSpan.FromDays(10), TimeSpan.FromDays(10), TimeSpan.FromDays(10) - Second })
        {
            await clocked.AdvanceAsync(step);
            tokens = await (await organization.RefreshAsync(tokens.Refresh())).OkAsync();
        }

        Assert.Equal(1, tokens.GetProperty("refresh_expires_in").GetInt32());
        Assert.Equal(1, tokens.GetProperty("expires_in").GetInt32());
        await clocked.AdvanceAsync(Second);
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-26, FAULT-9
    public async Task An_access_token_is_good_for_ten_minutes_and_the_skew_of_a_clock()
    {
        var organization = await clocked.OrganizationAsync();
        var tokens = await organization.TokensAsync("user");
        Assert.Equal(600, tokens.GetProperty("expires_in").GetInt32());
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(29));
        await (await organization.MeAsync(tokens.Access())).OkAsync();
        await clocked.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-23
    public async Task Twenty_exchanges_of_one_token_at_once_are_one_client_that_repeats_itself()
    {
        var organization = await clocked.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => organization.RefreshAsync(first.Refresh())));
        Assert.Equal(20, answers.Count(HttpStatusCode.OK));

        // Of the twenty successors one lives on.
        await (await organization.RefreshAsync((await answers[0].JsonAsync()).Refresh())).OkAsync();
        Assert.Equal("refresh.reused", await (await organization.RefreshAsync(first.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-23: a thief and the owner each got a pair for the same token, and each goes on from theirs
    public async Task Two_that_go_on_from_the_same_exchange_end_the_whole_family()
    {
        var organization = await clocked.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        var owners = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        var thiefs = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        var latest = await (await organization.RefreshAsync(owners.Refresh())).OkAsync();

        await RequireFamilyEndedAsync(organization, reused: thiefs.Refresh(), latest);
    }

    private static async Task RequireFamilyEndedAsync(TestOrganization organization, string reused, System.Text.Json.JsonElement latest)
    {
        await (await organization.MeAsync(latest.Access())).OkAsync();
        Assert.Equal("refresh.reused", await (await organization.RefreshAsync(reused)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(latest.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("token.invalid", await (await organization.MeAsync(latest.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'session.token_reused' AND subject_id = '{organization.UserId}'"));
    }
}
