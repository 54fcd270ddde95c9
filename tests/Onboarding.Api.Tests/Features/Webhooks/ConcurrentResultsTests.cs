using System.Net;
using System.Net.Http.Json;
using Npgsql;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What becomes of results that arrive while something else happens to their endpoint or delivery.</summary>
[Collection(QuickCollection.Name)]
public sealed class ConcurrentResultsTests(QuickApp quick)
{
    private const int AtOnce = 10;

    [Fact] // HOOK-14
    public async Task Many_answers_that_an_endpoint_is_gone_are_one_piece_of_news()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var all = new TaskCompletionSource();
        receiver.Answer = _ => new(410, After: all.Task);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);

        await organization.HappenAtOnceAsync(AtOnce);
        await receiver.WaitForAsync(AtOnce);
        all.SetResult();
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_attempts") == AtOnce, "all are recorded");
        Assert.Equal("gone", (await admin.EndpointAsync(endpoint)).GetProperty("disabled_reason").GetString());
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'endpoint.disabled'"));
    }

    [Fact] // HOOK-14
    public async Task What_an_old_address_answers_does_not_disable_the_endpoint_that_has_a_new_one()
    {
        await using var old = await TestReceiver.StartAsync();
        await using var mended = await TestReceiver.StartAsync();
        var changed = new TaskCompletionSource();
        old.Answer = _ => new(410, After: changed.Task);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(old.Url);

        await organization.HappenAsync();
        await old.WaitForAsync(1);
        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{endpoint}", new { url = mended.Url })).OkAsync();
        changed.SetResult();

        await mended.WaitForAsync(1);
        await organization.DeliveriesAsync("delivered", 1);
        var now = await admin.EndpointAsync(endpoint);
        Assert.Equal(("active", 0), (now.GetProperty("status").GetString(), await organization.CountAsync("audit_log WHERE action = 'endpoint.disabled'")));
    }

    [Theory] // HOOK-15
    [InlineData(500)]
    [InlineData(200)]
    public async Task A_pause_that_was_asked_for_outlives_what_else_was_under_way(int then)
    {
        await using var receiver = await TestReceiver.StartAsync();
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        var seen = 0;
        receiver.Answer = _ => Interlocked.Increment(ref seen) % 2 == 0
            ? new(429, new Dictionary<string, string> { ["Retry-After"] = "600" }, After: first.Task)
            : new(then, After: second.Task);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);

        await organization.HappenAtOnceAsync(AtOnce);
        await receiver.WaitForAsync(AtOnce);
        first.SetResult();
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_attempts") == AtOnce / 2, "half of them are recorded");
        second.SetResult();
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_attempts") == AtOnce, "all are recorded");

        var until = (await admin.EndpointAsync(endpoint)).GetProperty("paused_until").GetDateTimeOffset();
        Assert.InRange(until - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(10));
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"platform.work WHERE kind = 'endpoint' AND ref_id = '{endpoint}' AND claim_id IS NULL AND due_at > now() + interval '8 minutes'") == 1, "it is left alone");
    }

    [Fact] // HOOK-12
    public async Task What_is_sent_again_while_its_last_attempt_is_under_way_is_sent_again()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var resent = new TaskCompletionSource();
        receiver.Answer = _ => receiver.Requests.Count switch
        {
            3 => new(500, After: resent.Task), // the last
            < 3 => new(500),
            _ => new(),
        };
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);

        await organization.HappenAsync();
        await receiver.WaitForAsync(3);
        var delivery = (await organization.QueryAsync<Guid>("SELECT id FROM webhook_deliveries"))[0];
        await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/resend", null)).OkAsync(HttpStatusCode.Accepted);
        resent.SetResult();

        await receiver.WaitForAsync(4);
        await organization.DeliveriesAsync("delivered", 1);
    }

    [Fact] // HOOK-8, HOOK-10
    public async Task A_deadlock_costs_the_recorder_a_moment_and_the_receiver_nothing()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var answer = new TaskCompletionSource();
        receiver.Answer = _ => new(After: answer.Task);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await receiver.WaitForAsync(1);

        // The recorder finds the deadlock, and gives way: it looks again and again, and this side not before a minute is over.
        await using var connection = await quick.App.Database.Owner.OpenConnectionAsync();
        await ExecuteAsync("SET deadlock_timeout = '1min'");
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await ExecuteAsync($"SELECT 1 FROM {organization.Organization.Schema}.webhook_deliveries FOR UPDATE");
            answer.SetResult();
            await Eventually.HoldsAsync(
                async () => await organization.CountAsync($"pg_stat_activity WHERE wait_event_type = 'Lock' AND pg_blocking_pids(pid) @> ARRAY[{connection.ProcessID}]") == 1, "the recorder waits");
            await ExecuteAsync($"SELECT 1 FROM platform.work WHERE ref_id = '{endpoint}' FOR UPDATE");
            await transaction.CommitAsync();
        }

        await organization.DeliveriesAsync("delivered", 1);
        Assert.Single(receiver.Requests);
        Assert.Equal(1, await organization.CountAsync("webhook_attempts"));

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
