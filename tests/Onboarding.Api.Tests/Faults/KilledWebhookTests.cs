using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>Nodes that die or stop on the way from an event to its receivers.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledWebhookTests(Nodes nodes)
{
    [Fact] // HOOK-7
    public async Task An_event_that_was_committed_and_not_told_yet_arrives_after_the_restart()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await nodes.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var node = await nodes.NodeAsync();
        Guid id;
        IReadOnlyList<int> waiting;
        await using (var messages = await RowLock.HoldAsync(organization, "LOCK TABLE webhook_messages IN SHARE MODE"))
        {
            id = (await organization.HappenAsync())[0];
            await messages.WaitForWaitersAsync(1);
            waiting = await organization.QueryAsync<int>($"SELECT pid FROM pg_stat_activity WHERE {messages.ProcessId} = ANY (pg_blocking_pids(pid))");
            await node.KillAsync();
            await messages.ReleaseAsync();
        }

        // What the dead node had sent, PostgreSQL still carries out; nobody is left to send what it makes.
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"pg_stat_activity WHERE pid IN ({string.Join(',', waiting)})") == 0,
            "the dead node's session has ended");
        Assert.Empty(receiver.Requests);
        await nodes.EndLeasesAsync(organization);
        await nodes.NodeAsync();
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal([id.HeaderId()], receiver.Requests.Select(r => r.Id));
    }

    [Fact] // HOOK-8
    public async Task What_was_sent_and_not_recorded_is_sent_again_under_the_same_id_and_nothing_is_lost()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var release = new TaskCompletionSource();
        var organization = await nodes.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var seen = 0;
        receiver.Answer = _ => new(After: Interlocked.Increment(ref seen) > 20 ? release.Task : null);
        var node = await nodes.NodeAsync();

        await organization.HappenAtOnceAsync(200);
        await receiver.WaitForAsync(30);
        await node.KillAsync();
        var sent = receiver.Requests.Select(r => r.Id).ToHashSet();
        var unrecorded = sent.Count - (int)await organization.CountAsync("webhook_attempts");
        Assert.InRange(unrecorded, 10, 30);
        release.SetResult();

        await nodes.EndLeasesAsync(organization);
        await nodes.NodeAsync();
        await organization.DeliveriesAsync("delivered", 200);
        var ids = receiver.Requests.Select(r => r.Id).ToList();
        Assert.Equal(200, ids.Distinct().Count());
        Assert.InRange(ids.Count - 200, 1, unrecorded);
    }

    [Fact] // FAULT-19
    public async Task An_endpoint_that_a_dead_node_had_claimed_is_taken_over_when_the_lease_ends()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var other = await TestReceiver.StartAsync();
        var release = new TaskCompletionSource();
        receiver.Answer = _ => new(After: release.Task);
        var organization = await nodes.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var dying = await nodes.NodeAsync();
        var id = (await organization.HappenAsync())[0];
        await receiver.WaitForAsync(1);
        await using var living = await nodes.AnotherAsync();
        await dying.KillAsync();
        release.SetResult();

        // A living node looks every second, and leaves alone what somebody holds.
        await admin.AddEndpointAsync(other.Url);
        await organization.HappenAsync();
        await other.WaitForAsync(1);
        Assert.Single(receiver.Requests);

        await nodes.EndLeasesAsync(organization);
        await organization.DeliveriesAsync("delivered", 3);
        Assert.Equal(2, receiver.Requests.Count(r => r.Id == id.HeaderId()));
        Assert.Equal(3, receiver.Requests.Count);
    }

    [Fact] // HOOK-10
    public async Task Two_nodes_deliver_ten_thousand_once_each()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await nodes.NodeAsync();
        await using var second = await nodes.AnotherAsync(userAgent: "second/1.0");
        var organizations = new List<TestOrganization>();
        for (var i = 0; i < 4; i++)
        {
            var organization = await nodes.OrganizationAsync();
            using var admin = await organization.SignInAsync();
            for (var endpoint = 0; endpoint < 5; endpoint++)
            {
                await admin.AddEndpointAsync(new Uri($"{receiver.Url}?{organization.Identifier}-{endpoint}"));
            }

            await organization.SettledAsync();
            organizations.Add(organization);
        }

        await Task.WhenAll(organizations.Select(organization => organization.HappenAtOnceAsync(500)));
        foreach (var organization in organizations)
        {
            await organization.DeliveriesAsync("delivered", 2_500, within: TimeSpan.FromMinutes(5));
        }

        var arrived = receiver.Requests;
        Assert.Equal((10_000, 2_000), (arrived.Count, arrived.Select(r => r.Id).Distinct().Count()));
        Assert.Equal(2, arrived.Select(r => r.Headers["user-agent"]).Distinct().Count());
        Assert.All(arrived.GroupBy(r => r.Id), copies => Assert.Equal(5, copies.Select(r => r.Path).Distinct().Count()));
    }

    [Fact] // HOOK-11
    public async Task A_node_that_is_stopped_finishes_and_records_what_is_under_way_and_begins_nothing_new()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var release = new TaskCompletionSource();
        receiver.Answer = _ => new(After: release.Task);
        var organization = await nodes.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var node = await nodes.NodeAsync();
        await organization.HappenAtOnceAsync(100);
        await receiver.WaitForAsync(10);

        var stopping = node.TerminateAsync(TimeSpan.FromSeconds(20));
        await Eventually.HoldsAsync(() => Task.FromResult(node.Output.Contains("Application is shutting down", StringComparison.Ordinal)), "the stop is announced");
        release.SetResult();
        Assert.Equal(0, (await stopping).ExitCode);
        Assert.Equal(receiver.Requests.Count, await organization.CountAsync("webhook_deliveries WHERE status = 'delivered'"));
        Assert.Equal(10, receiver.Requests.Count);

        await nodes.NodeAsync();
        await organization.DeliveriesAsync("delivered", 100);
        Assert.Equal((100, 100), (receiver.Requests.Count, receiver.Requests.Select(r => r.Id).Distinct().Count()));
    }

    [Fact] // HOOK-11
    public async Task A_node_that_is_stopped_gives_back_what_it_has_only_claimed()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await nodes.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, _) = await admin.AddEndpointAsync(receiver.Url);
        var node = await nodes.NodeAsync();
        await organization.SettledAsync();
        await using var endpoints = await RowLock.HoldAsync(organization, "LOCK TABLE webhook_endpoints");
        await organization.QueryAsync<long>($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{organization.Organization.Id}', 'wake', '{id}', now(), 0); SELECT 1::bigint");
        await endpoints.WaitForWaitersAsync(1);

        var stopping = node.TerminateAsync(TimeSpan.FromSeconds(20));
        await Eventually.HoldsAsync(() => Task.FromResult(node.Output.Contains("Shutdown complete", StringComparison.Ordinal)), "the stop has reached the jobs");
        await endpoints.ReleaseAsync();
        Assert.Equal(0, (await stopping).ExitCode);
        Assert.Equal(0, await organization.CountAsync($"platform.work WHERE ref_id = '{id}' AND claim_id IS NOT NULL"));
    }
}
