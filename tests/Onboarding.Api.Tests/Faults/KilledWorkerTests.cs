using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A node is killed between the commit of a request and the mail that follows from it.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledWorkerTests(Nodes nodes)
{
    [Fact] // FAULT-2
    public async Task An_event_that_was_not_handled_yet_becomes_one_mail_after_the_restart()
    {
        var organization = await nodes.OrganizationAsync();
        var node = await nodes.NodeAsync();
        await using (var emails = await RowLock.HoldAsync(organization, "LOCK TABLE emails IN SHARE MODE"))
        {
            await (await node.RegisterAsync(organization, "ada")).OkAsync(HttpStatusCode.Accepted);
            await emails.WaitForWaitersAsync(1);
            await node.KillAsync();
            await emails.ReleaseAsync();
        }

        await nodes.EndLeasesAsync(organization);
        await nodes.NodeAsync();
        await RequireOneMailAsync(organization, "ada");
    }

    [Fact] // FAULT-2
    public async Task A_mail_that_was_being_sent_is_sent_once_after_the_restart()
    {
        var organization = await nodes.OrganizationAsync();
        var node = await nodes.NodeAsync();
        await RegisterAndHangAsync(node, organization);
        await node.KillAsync();

        nodes.Smtp.Normal();
        await nodes.EndLeasesAsync(organization);
        await nodes.NodeAsync();
        await RequireOneMailAsync(organization, "ada");
    }

    [Fact] // FAULT-2, FAULT-19
    public async Task What_a_dead_node_had_claimed_is_taken_over_by_a_living_one_when_the_lease_ends()
    {
        var organization = await nodes.OrganizationAsync();
        var dying = await nodes.NodeAsync();
        await RegisterAndHangAsync(dying, organization);
        await using var living = await nodes.AnotherAsync();
        await dying.KillAsync();
        nodes.Smtp.Normal();

        // A living node looks every second, and leaves alone what somebody holds.
        await (await living.RegisterAsync(organization, "grace")).OkAsync(HttpStatusCode.Accepted);
        await nodes.Smtp.WaitForAsync(organization.EmailOf("grace"));
        Assert.Empty(nodes.Smtp.For(organization.EmailOf("ada")));

        await nodes.EndLeasesAsync(organization);
        await RequireOneMailAsync(organization, "ada");
    }

    private async Task RegisterAndHangAsync(ApiProcess node, TestOrganization organization)
    {
        nodes.Smtp.Hang();
        var connections = nodes.Smtp.ConnectionCount;
        await nodes.Smtp.DropConnectionsAsync();
        await (await node.RegisterAsync(organization, "ada")).OkAsync(HttpStatusCode.Accepted);
        await Eventually.HoldsAsync(async () => await organization.CountAsync("emails WHERE status = 'queued'") == 1 && nodes.Smtp.ConnectionCount > connections, "the mail is being sent");
    }

    private async Task RequireOneMailAsync(TestOrganization organization, string userName)
    {
        await organization.SettledAsync();
        Assert.Single(nodes.Smtp.For(organization.EmailOf(userName)));
        Assert.Equal(["sent"], await organization.QueryAsync<string>($"SELECT e.status FROM emails e JOIN members m ON m.id = e.member_id WHERE m.user_name = '{userName}'"));
        Assert.Equal(0, await organization.CountAsync("outbox WHERE handled_at IS NULL"));
    }
}
