using System.Net;
using System.Security.Cryptography;
using System.Text;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A node is killed in the middle of a request: the request is held at a row or table, so it is certainly inside.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledRequestTests(Nodes nodes)
{
    [Theory] // FAULT-1
    [InlineData("members")]
    [InlineData("outbox")]
    public async Task A_registration_that_was_killed_is_repeated_without_a_half_member(string heldAt)
    {
        var organization = await nodes.OrganizationAsync();
        await KillWhileAsync(organization, $"LOCK TABLE {heldAt} IN SHARE MODE", node => node.RegisterAsync(organization, "ada"));
        Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'ada'"));

        await (await (await nodes.NodeAsync()).RegisterAsync(organization, "ada")).OkAsync(HttpStatusCode.Accepted);

        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync("members WHERE user_name = 'ada'"));
        Assert.Equal(1, await organization.CountAsync("audit_log a JOIN members m ON m.id = a.subject_id WHERE m.user_name = 'ada' AND a.action = 'member.registered'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.registered'"));
        Assert.Single(nodes.Smtp.For(organization.EmailOf("ada")));
    }

    [Fact] // FAULT-1
    public async Task An_approval_that_was_killed_is_repeated_and_happens_once()
    {
        var organization = await nodes.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        var access = (await organization.TokensAsync("admin")).Access();
        await KillWhileAsync(organization, $"SELECT 1 FROM members WHERE id = '{id}' FOR UPDATE", node => node.ApproveAsync(organization, access, id));
        Assert.Equal(["pending_approval"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE id = '{id}'"));
        Assert.Equal(0, await organization.CountAsync("outbox WHERE type = 'member.approved'"));

        await (await (await nodes.NodeAsync()).ApproveAsync(organization, access, id)).OkAsync();

        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        Assert.Single(nodes.Smtp.For(organization.EmailOf("ada")));
    }

    [Fact] // FAULT-3
    public async Task A_refresh_that_was_killed_before_its_commit_is_repeated()
    {
        var organization = await nodes.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        await KillWhileAsync(organization, "SELECT 1 FROM sessions FOR UPDATE", node => node.RefreshAsync(organization, first.Refresh()));
        Assert.Equal(0, await organization.CountAsync("refresh_tokens WHERE redeemed_at IS NOT NULL"));

        var node = await nodes.NodeAsync();
        var second = await (await node.RefreshAsync(organization, first.Refresh())).OkAsync();
        await (await node.RefreshAsync(organization, second.Refresh())).OkAsync();
    }

    [Fact] // FAULT-3
    public async Task A_refresh_whose_answer_died_with_the_node_is_repeated_within_the_grace()
    {
        var organization = await nodes.OrganizationAsync();
        var first = await organization.TokensAsync("user");
        await using var proxy = PostgresProxy.Start(nodes.Quiet.Database.ApplicationConnectionString);
        await using var dying = await nodes.AnotherAsync(proxy.ConnectionString);

        var committed = proxy.OnCommitOf(SHA256.HashData(Encoding.ASCII.GetBytes(first.Refresh())), CommitFate.SilenceAfter);
        var lost = dying.RefreshAsync(organization, first.Refresh());
        await committed;
        await dying.KillAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => lost);
        Assert.Equal(1, await organization.CountAsync("refresh_tokens WHERE redeemed_at IS NOT NULL"));

        var node = await nodes.NodeAsync();
        var second = await (await node.RefreshAsync(organization, first.Refresh())).OkAsync();
        await (await node.RefreshAsync(organization, second.Refresh())).OkAsync();
    }

    private async Task KillWhileAsync(TestOrganization organization, string held, Func<ApiProcess, Task<HttpResponseMessage>> call)
    {
        var node = await nodes.NodeAsync();
        await using var rows = await RowLock.HoldAsync(organization, held);
        var lost = call(node);
        await rows.WaitForWaitersAsync(1);
        await node.KillAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => lost);

        // Its session ends when PostgreSQL next hears from it, which is when it may go on.
        await rows.ReleaseAsync();
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync("pg_stat_activity WHERE application_name = 'onboarding' AND state LIKE 'idle in transaction%' AND datname = current_database()") == 0
                && await organization.CountAsync("pg_stat_activity WHERE application_name = 'onboarding' AND wait_event_type = 'Lock' AND datname = current_database()") == 0,
            "the killed node's transactions have ended");

        // It may have held other work of the organization, which a sign-in before the kill had put into the queue.
        await nodes.EndLeasesAsync(organization);
    }
}
