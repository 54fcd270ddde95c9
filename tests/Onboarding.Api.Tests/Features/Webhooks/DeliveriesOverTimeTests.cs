using System.Net.Http.Json;
using Onboarding.Api.Jobs;
using Onboarding.Testing;
using Onboarding.Webhooks.Deliveries;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What takes days, by a clock that a test turns.</summary>
[Collection(ClockCollection.Name)]
public sealed class DeliveriesOverTimeTests(ClockedApp clocked)
{
    [Fact] // HOOK-12, FAULT-11
    public async Task Attempts_follow_the_schedule_within_a_fifth_and_then_end()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(500);
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);

        await organization.HappenAsync();
        for (var attempt = 1; attempt <= RetrySchedule.Default.Count; attempt++)
        {
            await AttemptsAsync(organization, attempt);
            await UnclaimedAsync(organization);
            var pause = await PauseAsync(organization);
            var planned = RetrySchedule.Default[attempt - 1];
            Assert.InRange(pause, planned * 0.8, planned * 1.2);

            // A moment before its time nothing is due, and then it is. The clock keeps to whole seconds, for whoever comes next.
            clocked.Clock.Advance(TimeSpan.FromSeconds(Math.Floor(pause.TotalSeconds) - 1));
            Assert.Equal(0, await organization.CountAsync($"platform.work WHERE kind = 'endpoint' AND organization_id = '{organization.Organization.Id}' AND due_at <= '{clocked.Clock.GetUtcNow():O}'"));
            clocked.Clock.Advance(TimeSpan.FromSeconds(3));
        }

        await organization.DeliveriesAsync("failed", 1);
        Assert.Equal(10, receiver.Requests.Count);
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'delivery.exhausted'"));
        await organization.SettledAsync();
    }

    [Fact] // HOOK-21
    public async Task Five_days_of_nothing_but_failures_disable_an_endpoint_and_one_success_among_them_does_not()
    {
        await using var dead = await TestReceiver.StartAsync();
        await using var shaky = await TestReceiver.StartAsync();
        dead.Answer = _ => new(500);
        shaky.Answer = _ => new(500);
        var organization = await clocked.OrganizationAsync();
        var admin = await organization.SignInAsync();
        var (deadId, _) = await admin.AddEndpointAsync(dead.Url);
        var (shakyId, _) = await admin.AddEndpointAsync(shaky.Url);

        // Failures every day: days 0 to 4, and on day 5 the next retry is enough for the one that never succeeded.
        for (var day = 0; day < 5; day++)
        {
            Assert.Equal(2, await organization.CountAsync("webhook_endpoints WHERE status = 'active'"));
            shaky.Answer = _ => new(day == 3 ? 200 : 500);
            var (deadBefore, shakyBefore) = (dead.Requests.Count, shaky.Requests.Count);
            var id = (await organization.HappenAsync())[0];
            await dead.WaitForAsync(all => all.Skip(deadBefore).Any(r => r.Id == id.HeaderId()), "today's event");
            await shaky.WaitForAsync(all => all.Skip(shakyBefore).Any(r => r.Id == id.HeaderId()), "today's event");
            await Eventually.HoldsAsync(async () => await organization.CountAsync($"webhook_deliveries WHERE message_id = '{id}' AND attempts = 0") == 0, "both are recorded");
            clocked.Clock.Advance(TimeSpan.FromDays(1));
        }

        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_endpoints WHERE status = 'disabled'") == 1, "one is disabled");
        Assert.Equal(["failing"], await organization.QueryAsync<string>($"SELECT disabled_reason FROM webhook_endpoints WHERE id = '{deadId}'"));
        Assert.Equal(["active"], await organization.QueryAsync<string>($"SELECT status FROM webhook_endpoints WHERE id = '{shakyId}'"));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'endpoint.disabled'"));
        await organization.QueryAsync<Guid>("DELETE FROM webhook_endpoints RETURNING id");

        // The mail about it must not run into its timeout, which is by this clock.
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"platform.work WHERE organization_id = '{organization.Organization.Id}' AND kind IN ('event', 'email')") == 0, "its mail has left");
        clocked.Clock.Advance(TimeSpan.FromDays(2));
        await organization.SettledAsync();
    }

    [Fact] // HOOK-4, SEC-40
    public async Task After_the_grace_only_the_new_secret_signs()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        var secret = (await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", new { grace_hours = 24 })).OkAsync()).GetProperty("secret").GetString()!;
        clocked.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        await organization.HappenAsync();
        Assert.Equal(2, (await receiver.WaitForAsync(1))[0].Headers["webhook-signature"].Split(' ').Length);

        clocked.Clock.Advance(TimeSpan.FromSeconds(1));
        await organization.HappenAsync();
        var last = (await receiver.WaitForAsync(2))[1];
        Assert.Equal(
            WebhookSecret.Parse(secret)!.Sign(last.Id, long.Parse(last.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture), last.Body),
            last.Headers["webhook-signature"]);
        await organization.SettledAsync();
    }

    [Fact] // HOOK-15
    public async Task What_waits_goes_to_another_url_at_once_and_from_the_start()
    {
        await using var wrong = await TestReceiver.StartAsync();
        await using var right = await TestReceiver.StartAsync();
        wrong.Answer = _ => new(429, new Dictionary<string, string> { ["Retry-After"] = "1800" });
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(wrong.Url);
        await organization.HappenAsync();
        await AttemptsAsync(organization, 1);
        await organization.HappenAsync(2);
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_deliveries WHERE status = 'pending'") == 3, "all of them wait");
        await UnclaimedAsync(organization);

        // The clock stands still: nothing of this comes due by itself.
        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{endpoint}", new { url = right.Url })).OkAsync();
        await organization.DeliveriesAsync("delivered", 3);
        Assert.Equal((1, 3), (wrong.Requests.Count, right.Requests.Count));
        Assert.Equal([1, 1, 1], await organization.QueryAsync<int>("SELECT tries FROM webhook_deliveries"));
        Assert.Equal([1, 1, 2], await organization.QueryAsync<int>("SELECT attempts FROM webhook_deliveries ORDER BY attempts"));
        await organization.SettledAsync();
    }

    [Fact] // HOOK-20
    public async Task What_stood_behind_a_failure_goes_once_order_does_not_matter_any_more()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(500);
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url, ordered: true);
        var ids = new List<string> { (await organization.HappenAsync())[0].HeaderId() };
        await AttemptsAsync(organization, 1);
        for (var later = 0; later < 2; later++)
        {
            // Another second, for their order is that of their times.
            clocked.Clock.Advance(TimeSpan.FromSeconds(1));
            ids.Add((await organization.HappenAsync())[0].HeaderId());
        }

        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_deliveries") == 3, "two wait behind it");
        await UnclaimedAsync(organization);
        receiver.Answer = _ => new();

        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{endpoint}", new { ordered = false })).OkAsync();
        await organization.DeliveriesAsync("delivered", 2);

        // The first keeps its time.
        Assert.Equal([ids[0], .. ids[1..].Order(StringComparer.Ordinal)], receiver.Requests.Take(1).Concat(receiver.Requests.Skip(1).OrderBy(r => r.Id, StringComparer.Ordinal)).Select(r => r.Id));
        Assert.Equal(1, await organization.CountAsync("webhook_deliveries WHERE status = 'pending' AND attempts = 1"));
        clocked.Clock.Advance(TimeSpan.FromSeconds(7));
        await organization.DeliveriesAsync("delivered", 3);
        await organization.SettledAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_changes_or_enables_an_endpoint_has_what_waits_looked_at_anew(bool enables)
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(500);
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url, rateLimit: 1);
        await organization.HappenAsync();
        await AttemptsAsync(organization, 1);
        await UnclaimedAsync(organization);
        receiver.Answer = _ => new();

        // As if it was due and nobody looked.
        await organization.QueryAsync<Guid>($"UPDATE webhook_deliveries SET next_attempt_at = '{clocked.Clock.GetUtcNow():O}' RETURNING id");
        clocked.Clock.Advance(TimeSpan.FromSeconds(2));
        await (enables
            ? await admin.PostAsync($"/webhooks/endpoints/{endpoint}/enable", null)
            : await admin.PatchAsJsonAsync($"/webhooks/endpoints/{endpoint}", new { rate_limit = 0 })).OkAsync();
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal(0, await organization.CountAsync("audit_log WHERE action = 'endpoint.enabled'"));
        await organization.SettledAsync();
    }

    [Fact] // HOOK-25
    public async Task After_ninety_days_nothing_is_left_of_what_was_delivered()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await clocked.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            await admin.AddEndpointAsync(receiver.Url);
        }

        // The database went by its own clock when it made room for the first months.
        await clocked.App.RunJobAsync<PurgeExpired>();
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 1);

        // Months for which nobody has made room yet go into the partition that takes everything.
        await clocked.AdvanceAsync(TimeSpan.FromDays(200));
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 2);
        Assert.Equal(1, await organization.CountAsync("webhook_attempts_other"));

        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((1, 1, 1), (await organization.CountAsync("webhook_messages"), await organization.CountAsync("webhook_deliveries"), await organization.CountAsync("webhook_attempts")));
        var next = clocked.Clock.GetUtcNow().AddDays(1 - clocked.Clock.GetUtcNow().Day).AddMonths(1);
        Assert.Equal([$"webhook_attempts_{next:yyyyMM}"], await organization.QueryAsync<string>(
            "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'webhook_attempts'::regclass AND c.relname <> 'webhook_attempts_other'"));

        await clocked.AdvanceAsync(TimeSpan.FromDays(91));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((0, 0, 0), (await organization.CountAsync("webhook_messages"), await organization.CountAsync("webhook_deliveries"), await organization.CountAsync("webhook_attempts")));
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal(0, await organization.CountAsync("webhook_attempts_other"));
    }

    private static Task AttemptsAsync(TestOrganization organization, int count) => Eventually.HoldsAsync(
        async () => await organization.CountAsync($"webhook_deliveries WHERE attempts = {count}") == 1, $"attempt {count} is recorded");

    /// <summary>Waits until no node has its endpoint any more.</summary>
    private Task UnclaimedAsync(TestOrganization organization) => Eventually.HoldsAsync(
        async () => await organization.CountAsync($"platform.work WHERE kind = 'endpoint' AND claim_id IS NULL AND due_at > '{clocked.Clock.GetUtcNow():O}' AND organization_id = '{organization.Organization.Id}'") == 1, "its turn is over");

    private static async Task<TimeSpan> PauseAsync(TestOrganization organization) => TimeSpan.FromSeconds((double)(await organization.QueryAsync<decimal>(
        "SELECT extract(epoch FROM d.next_attempt_at - a.started_at) FROM webhook_deliveries d JOIN webhook_attempts a ON a.delivery_id = d.id ORDER BY a.number DESC LIMIT 1"))[0]);
}
