using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>One organization uses all the connections that it may have, because somebody holds the rows that its requests want.</summary>
public sealed class FairShareTests(ApiFixture fixture)
{
    private const int Crowd = 50;

    [Fact] // FAULT-20, SEC-50
    public async Task Who_uses_all_of_its_share_is_told_to_come_back_and_nobody_else_notices()
    {
        await using var node = Node(pool: 3);
        var (noisy, quiet) = (await TestOrganization.CreateAsync(node), await TestOrganization.CreateAsync(node));
        using var member = await noisy.SignInAsync("user");
        using var other = await quiet.SignInAsync("user");
        await using var row = await HoldAsync(noisy);
        var held = RenameAsync(member, "first");
        await row.WaitForWaitersAsync(1);

        var refused = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => RenameAsync(member, $"crowd {i}")));

        // The rows are still held, so it was patience that ended, and nothing else.
        Assert.False(held.IsCompleted);
        foreach (var answer in refused)
        {
            Assert.Equal("organization.busy", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
        }

        for (var i = 0; i < Crowd; i++)
        {
            await (await RenameAsync(other, $"name {i}")).OkAsync();
            await (await other.GetAsync("/me")).OkAsync();
        }

        // Jobs and the queue are no requests: they do not wait for its share.
        Assert.Equal(2, await noisy.RunAsync(db => db.Members.CountAsync()));

        await row.ReleaseAsync();
        await (await held).OkAsync();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, Crowd).Select(_ => member.GetAsync("/me"))))
        {
            await answer.OkAsync();
        }

        Assert.DoesNotContain(node.Logs.Lines, line => line.Contains(" Error: ", StringComparison.Ordinal));
    }

    [Fact] // FAULT-20
    public async Task Whoever_may_wait_is_served_in_the_end_and_who_is_one_too_many_hears_so_at_once()
    {
        const int MayWait = 5;
        await using var node = Node(pool: 3, ("Fairness:Patience", "00:00:10"), ("Fairness:WaitingPerOrganization", $"{MayWait}"));
        var organization = await TestOrganization.CreateAsync(node);
        using var member = await organization.SignInAsync("user");
        await using var row = await HoldAsync(organization);
        var held = RenameAsync(member, "first");
        await row.WaitForWaitersAsync(1);

        var crowd = Enumerable.Range(0, Crowd).Select(_ => member.GetAsync("/me")).ToList();
        await Eventually.HoldsAsync(() => Task.FromResult(crowd.Count(call => call.IsCompleted) >= Crowd - (2 * MayWait)), "those that may not wait are answered");
        Assert.False(held.IsCompleted);
        await row.ReleaseAsync();

        await (await held).OkAsync();
        var answers = await Task.WhenAll(crowd);
        Assert.InRange(answers.Count(HttpStatusCode.OK), MayWait, 2 * MayWait);
        foreach (var answer in answers.Where(answer => answer.StatusCode != HttpStatusCode.OK))
        {
            Assert.Equal("organization.busy", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
        }
    }

    [Fact] // FAULT-20
    public async Task Neither_a_thousand_abandoned_requests_nor_broken_connections_take_anything_along()
    {
        const int Share = 2;
        await using var node = Node(pool: 4, ("Fairness:ConnectionsPerOrganization", $"{Share}"));
        var organization = await TestOrganization.CreateAsync(node);
        using var member = await organization.SignInAsync("user");
        await using (var row = await HoldAsync(organization))
        {
            // Some are abandoned while they wait for the row, most while they wait for a connection.
            for (var round = 0; round < 1_000 / Crowd; round++)
            {
                using var abandoned = new CancellationTokenSource(TimeSpan.FromMilliseconds(5 + (10 * (round % 5))));
                await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => IgnoreAsync(RenameAsync(member, $"round {round}, {i}", abandoned.Token))));
            }

            for (var round = 0; round < 3; round++)
            {
                var broken = Enumerable.Range(0, Share).Select(i => RenameAsync(member, $"broken {round}, {i}")).ToList();
                for (var tries = 0; tries < 2; tries++)
                {
                    await row.WaitForWaitersAsync(Share);
                    await BreakAsync(row, organization);
                }

                foreach (var answer in await Task.WhenAll(broken))
                {
                    Assert.Equal("server.unavailable", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
                }
            }

            await row.ReleaseAsync();
        }

        await using var again = await HoldAsync(organization);
        var calls = Enumerable.Range(0, Share).Select(i => RenameAsync(member, $"again {i}")).ToList();
        await again.WaitForWaitersAsync(Share);
        await again.ReleaseAsync();
        await Task.WhenAll(calls);
    }

    [Fact] // FAULT-20: or a few slow requests of anybody would shut an organization out
    public async Task Who_sends_a_request_slowly_holds_nothing()
    {
        await using var node = Node(pool: 3);
        var organization = await TestOrganization.CreateAsync(node);
        var slow = new List<TcpClient>();
        for (var i = 0; i < 5; i++)
        {
            var connection = new TcpClient();
            slow.Add(connection);
            await connection.ConnectAsync(IPAddress.Loopback, node.Address.Port);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /register HTTP/1.1\r\nHost: {organization.Identifier}.localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"));
        }

        await (await organization.RegisterAsync("ada")).OkAsync(HttpStatusCode.Accepted);
        slow.ForEach(connection => connection.Dispose());
    }

    [Fact] // SEC-50: whatever they ask for, refused tokens too
    public async Task Who_comes_faster_than_its_pace_waits_for_a_turn_and_where_that_takes_too_long_hears_so()
    {
        // At 20 a second five may come at once, and twenty wait for up to a second; more where sending all of them takes its time.
        await using var node = Node(pool: 8, ("Fairness:RequestsPerSecond", "20"), ("Fairness:Patience", "00:00:01"));
        var (noisy, quiet) = (await TestOrganization.CreateAsync(node), await TestOrganization.CreateAsync(node));
        using var other = await quiet.SignInAsync("user");
        var started = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => noisy.Anonymous.GetAsync("/me")));
        Assert.InRange(answers.Count(HttpStatusCode.Unauthorized), 20, 26 + (20 * Stopwatch.GetElapsedTime(started).TotalSeconds));
        Assert.Equal(80, answers.Count(HttpStatusCode.Unauthorized) + answers.Count(HttpStatusCode.ServiceUnavailable));
        foreach (var refused in answers.Where(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable))
        {
            Assert.Equal("organization.busy", await refused.CodeAsync(HttpStatusCode.ServiceUnavailable));
        }

        // Others have a pace of their own, and so has it again after a pause.
        await (await other.GetAsync("/me")).OkAsync();
        await Eventually.HoldsAsync(async () => (await noisy.Anonymous.GetAsync("/me")).StatusCode == HttpStatusCode.Unauthorized, "it is served again");
    }

    [Fact] // PERF-10: at ten a second sixteen at once wait for two seconds; when each counts as thirteen, for twenty
    public async Task Requests_that_hold_their_connections_for_long_make_the_pace_slower()
    {
        const int Waiting = 16;
        await using var node = Node(
            pool: 2 * Waiting, ("Fairness:RequestsPerSecond", "10"), ("Fairness:Patience", "00:00:10"), ("Fairness:ConnectionsPerOrganization", $"{Waiting}"));
        var (noisy, quiet) = (await TestOrganization.CreateAsync(node), await TestOrganization.CreateAsync(node));
        using var member = await noisy.SignInAsync("user");
        using var other = await quiet.SignInAsync("user");
        await using (var row = await HoldAsync(noisy))
        {
            var held = Enumerable.Range(0, Waiting).Select(i => RenameAsync(member, $"name {i}")).ToList();
            await row.WaitForWaitersAsync(Waiting);
            await row.ReleaseAsync();
            await Task.WhenAll(held);
        }

        var answers = await AtOnceAsync(member);
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(Waiting, (await AtOnceAsync(other)).Count(HttpStatusCode.OK));

        static Task<HttpResponseMessage[]> AtOnceAsync(HttpClient who) => Task.WhenAll(Enumerable.Range(0, Waiting).Select(_ => who.GetAsync("/me")));
    }

    /// <summary>A product with a pool of its own, of which one connection listens: with three, either of two organizations has one.</summary>
    private TestApp Node(int pool, params (string Key, string Value)[] settings)
    {
        var overrides = new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = $"{fixture.App.Database.ApplicationConnectionString};Maximum Pool Size={pool}",
            ["Fairness:Patience"] = "00:00:00.5",
        };
        foreach (var (key, value) in settings)
        {
            overrides[key] = value;
        }

        var node = new TestApp(fixture.App.Database, fixture.Smtp, overrides, Nodes.WithoutJobs);
        node.StartServer();
        return node;
    }

    private static Task<RowLock> HoldAsync(TestOrganization organization) =>
        RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{organization.UserId}' FOR UPDATE");

    private static Task<HttpResponseMessage> RenameAsync(HttpClient member, string name, CancellationToken cancellationToken = default) =>
        member.PatchAsJsonAsync("/me", new { full_name = name }, cancellationToken);

    private static async Task IgnoreAsync(Task<HttpResponseMessage> call)
    {
        try
        {
            (await call).Dispose();
        }
        catch (OperationCanceledException)
        {
            // That is what it was for.
        }
    }

    private static async Task BreakAsync(RowLock row, TestOrganization organization)
    {
        await using var terminate = organization.App.Database.Owner.CreateCommand("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE @holder = ANY (pg_blocking_pids(pid))");
        terminate.Parameters.AddWithValue("holder", row.ProcessId);
        await terminate.ExecuteNonQueryAsync();
    }
}
