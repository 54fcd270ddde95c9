using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>From an event to the receiver, and what becomes of a delivery that fails.</summary>
[Collection(QuickCollection.Name)]
public sealed class DeliveryTests(QuickApp quick)
{
    [Fact] // ONB-18
    public async Task What_happens_arrives_signed_at_every_endpoint_that_hears_of_it_and_at_no_other()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var other = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (_, secret) = await admin.AddEndpointAsync(receiver.Url, ["member.verified", "invitation.*"]);
        await admin.AddEndpointAsync(other.Url, ["role.*"]);

        var member = await organization.RegisterAndVerifyAsync("grace");
        var webhook = Assert.Single(await receiver.WaitForAsync(1));

        using var body = System.Text.Json.JsonDocument.Parse(webhook.Body);
        var data = body.RootElement.GetProperty("data");
        Assert.Equal("member.verified", body.RootElement.GetProperty("type").GetString());
        Assert.Equal(member, data.GetProperty("member_id").GetGuid());
        Assert.Equal(organization.EmailOf("grace"), data.GetProperty("member").GetProperty("email").GetString());
        Assert.Equal("pending_approval", data.GetProperty("member").GetProperty("status").GetString());
        Assert.Equal(WebhookSecret.Parse(secret)!.Sign(webhook.Id, long.Parse(webhook.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture), webhook.Body), webhook.Headers["webhook-signature"]);
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Empty(other.Requests);
    }

    [Fact] // HOOK-3
    public async Task Each_attempt_has_the_same_id_and_body_and_a_time_and_signature_of_its_own()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(receiver.Requests.Count < 3 ? 500 : 200, Body: "not now"u8.ToArray());
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);

        var id = (await organization.HappenAsync())[0];
        var attempts = await receiver.WaitForAsync(3);
        await organization.DeliveriesAsync("delivered", 1);

        Assert.All(attempts, attempt => Assert.Equal((id.HeaderId(), attempts[0].Text), (attempt.Id, attempt.Text)));
        Assert.Equal(3, attempts.Select(attempt => attempt.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.Equal(3, attempts.Select(attempt => attempt.Headers["webhook-signature"]).Distinct().Count());
        Assert.Equal([500, 500, 200], await organization.QueryAsync<int>("SELECT status_code FROM webhook_attempts ORDER BY number"));
        Assert.Equal(["not now", "not now", "not now"], await organization.QueryAsync<string>("SELECT convert_from(response, 'UTF8') FROM webhook_attempts"));
        await organization.SettledAsync();
    }

    [Fact] // HOOK-12, FAULT-11
    public async Task What_no_attempt_delivers_is_a_dead_letter_of_which_the_others_hear_and_can_be_sent_again()
    {
        await using var dead = await TestReceiver.StartAsync();
        await using var alive = await TestReceiver.StartAsync();
        dead.Answer = _ => new(500);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();

        // Of the sign-in nobody is to hear any more.
        await organization.SettledAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(dead.Url, ["*"]);
        await admin.AddEndpointAsync(alive.Url, ["delivery.*", "endpoint.recovered"]);
        await organization.SettledAsync();
        var before = dead.Requests.Count;

        await organization.HappenAsync();
        var exhausted = (await alive.WaitForAsync(all => all.Any(r => r.Text.Contains("delivery.exhausted", StringComparison.Ordinal)), "news of the dead letter"))[0];
        Assert.Contains(endpoint.ToString(), exhausted.Text, StringComparison.Ordinal);
        Assert.Equal(before + 3, dead.Requests.Count);
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'delivery.exhausted' AND actor_kind = 'system'"));

        dead.Answer = _ => new();
        var delivery = (await organization.QueryAsync<Guid>("SELECT id FROM webhook_deliveries WHERE status = 'failed'"))[0];
        await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/resend", null)).OkAsync(HttpStatusCode.Accepted);
        await dead.WaitForAsync(before + 4);
        await Eventually.HoldsAsync(async () => await organization.CountAsync($"webhook_deliveries WHERE id = '{delivery}' AND status = 'delivered' AND attempts = 4") == 1, "it is delivered");
    }

    [Fact] // HOOK-14
    public async Task An_endpoint_that_is_gone_is_disabled_at_once_and_what_waits_is_parked_until_it_is_enabled()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(410);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url, ordered: true);

        await organization.HappenAtOnceAsync(5);
        await Eventually.HoldsAsync(async () => (await admin.EndpointAsync(endpoint)).GetProperty("status").GetString() == "disabled", "it is disabled");
        Assert.Equal("gone", (await admin.EndpointAsync(endpoint)).GetProperty("disabled_reason").GetString());
        await Eventually.HoldsAsync(async () => await organization.CountAsync($"platform.work WHERE organization_id = '{organization.Organization.Id}' AND kind = 'endpoint'") == 0, "nobody looks after it");
        Assert.Single(receiver.Requests);
        var parked = await (await admin.GetAsync("/webhooks/deliveries?status=parked")).OkAsync();
        Assert.Equal(5, parked.GetProperty("data").GetArrayLength());
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'endpoint.disabled'"));

        receiver.Answer = _ => new();
        await (await admin.PostAsync($"/webhooks/endpoints/{endpoint}/enable", null)).OkAsync();
        await organization.DeliveriesAsync("delivered", 5);
    }

    [Fact] // HOOK-15
    public async Task A_receiver_that_asks_to_be_left_alone_is_left_alone_for_so_long()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(429, new Dictionary<string, string> { ["Retry-After"] = "1800" });
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);

        await organization.HappenAsync();
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_attempts") == 1, "it was tried");
        await organization.HappenAsync(2);
        var until = (await admin.EndpointAsync(endpoint)).GetProperty("paused_until").GetDateTimeOffset();
        Assert.InRange(until - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(28), TimeSpan.FromMinutes(30));
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_deliveries") == 3, "the others wait");
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"platform.work WHERE kind = 'endpoint' AND organization_id = '{organization.Organization.Id}' AND due_at > now() + interval '25 minutes'") == 1, "its turn is over");
        Assert.Single(receiver.Requests);
    }

    [Fact] // HOOK-20
    public async Task An_ordered_endpoint_sees_nothing_behind_what_failed_until_that_is_delivered()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var fails = true;
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url, ordered: true);
        string[] ids = [];
        receiver.Answer = request => new(Volatile.Read(ref fails) && ids.Length > 0 && request.Id == ids[2] ? 500 : 200);

        var first = await organization.HappenAsync(2);
        await organization.DeliveriesAsync("delivered", 2);
        ids = [.. first.Select(id => id.HeaderId()), "", ""];
        var hold = new TaskCompletionSource();
        receiver.Answer = _ => new(500, After: hold.Task);
        var more = await organization.HappenAsync(2);
        ids = [.. first.Concat(more).Select(id => id.HeaderId())];
        receiver.Answer = request => new(Volatile.Read(ref fails) && request.Id == ids[2] ? 500 : 200);
        hold.SetResult();

        await receiver.WaitForAsync(all => all.Count(r => r.Id == ids[2]) == 2, "the third twice");
        Assert.DoesNotContain(receiver.Requests, request => request.Id == ids[3]);
        Volatile.Write(ref fails, false);
        await organization.DeliveriesAsync("delivered", 4);
        Assert.Equal(ids, receiver.Requests.Select(r => r.Id).Distinct());
    }

    [Fact] // HOOK-20
    public async Task Skipping_what_failed_lets_an_ordered_endpoint_go_on()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(503, new Dictionary<string, string> { ["Retry-After"] = "1" });
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url, ordered: true);
        var ids = await organization.HappenAsync(2);
        await receiver.WaitForAsync(1);

        receiver.Answer = request => new(request.Id == ids[0].HeaderId() ? 500 : 200);
        var stuck = (await organization.QueryAsync<Guid>($"SELECT id FROM webhook_deliveries WHERE message_id = '{ids[0]}'"))[0];
        await (await admin.PostAsync($"/webhooks/deliveries/{stuck}/skip", null)).OkAsync();
        await receiver.WaitForAsync(all => all.Any(r => r.Id == ids[1].HeaderId()), "the second");
        await organization.DeliveriesAsync("skipped", 1);
        using var again = await admin.PostAsync($"/webhooks/deliveries/{stuck}/skip", null);
        Assert.Equal("delivery.finished", await again.CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact] // HOOK-19
    public async Task A_limit_of_ten_a_second_takes_ten_seconds_for_a_hundred_and_costs_no_attempt()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url, rateLimit: 10);

        await organization.HappenAtOnceAsync(100);
        var all = await receiver.WaitForAsync(100);
        await organization.DeliveriesAsync("delivered", 100);

        // As the receiver saw it. A busy machine can hold up as many as may be under way and let them go together; that is the burst.
        const int Rate = 10, Burst = 10;
        var arrivals = all.Select(r => r.ReceivedAt).Order().ToList();
        Assert.All(arrivals, (from, i) => Assert.InRange(arrivals.Skip(i).TakeWhile(at => at < from.AddSeconds(1)).Count(), 1, Rate + Burst));
        Assert.True((arrivals[^1] - arrivals[0]).TotalSeconds >= (100 - Burst) / Rate, $"took {arrivals[^1] - arrivals[0]}");
        Assert.Equal(100, all.Select(r => r.Id).Distinct().Count());
        Assert.Equal(100, await organization.CountAsync("webhook_deliveries WHERE attempts = 1"));
    }

    [Fact] // HOOK-18, FAULT-12
    public async Task A_receiver_that_hangs_with_ten_thousand_waiting_holds_up_none_of_ninety_nine_others()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var hanging = await TestReceiver.StartAsync();
        var release = new TaskCompletionSource();
        hanging.Answer = _ => new(After: release.Task);
        TestOrganization[] organizations = [await quick.OrganizationAsync(), await quick.OrganizationAsync()];
        using var first = await organizations[0].SignInAsync();
        using var second = await organizations[1].SignInAsync();
        var (hung, _) = await first.AddEndpointAsync(hanging.Url, ["invitation.revoked"]);
        for (var i = 0; i < 99; i++)
        {
            await (i < 49 ? first : second).AddEndpointAsync(new Uri(receiver.Url, $"/{i}"), ["role.*"]);
        }

        await organizations[0].HappenAtOnceAsync(10_000);
        await hanging.WaitForAsync(10);
        foreach (var organization in organizations)
        {
            await organization.RunAsync(async db =>
            {
                for (var i = 0; i < 10; i++)
                {
                    db.Publish(new Onboarding.Tenancy.Members.RoleDeleted("gone", TimeProvider.System.GetUtcNow()));
                }

                return await db.SaveChangesAsync();
            });
        }

        var arrived = await receiver.WaitForAsync(990);

        // Each of the others has its ten, once each, while the one that hangs has answered nothing: it has as many
        // requests as one endpoint may have under way, and no more, so never had more at once.
        Assert.Equal(0, await organizations[0].CountAsync($"webhook_attempts WHERE endpoint_id = '{hung}'"));
        Assert.Equal(10, hanging.Requests.Select(r => r.Id).Distinct().Count());
        Assert.Equal(10, hanging.Requests.Count);
        Assert.False(release.Task.IsCompleted);
        var others = arrived.GroupBy(r => r.Path).ToList();
        Assert.Equal(99, others.Count);
        Assert.All(others, other => Assert.Equal((other.Key, 10, 10), (other.Key, other.Count(), other.Select(r => r.Id).Distinct().Count())));
        Assert.Equal(20, arrived.Select(r => r.Id).Distinct().Count());
        release.SetResult();
    }

    [Fact] // HOOK-9
    public async Task Who_has_lost_an_endpoint_to_another_node_records_nothing()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var release = new TaskCompletionSource();
        receiver.Answer = _ => new(After: release.Task);
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await receiver.WaitForAsync(1);

        // Another node claims it, as if the lease had ended.
        var other = Guid.CreateVersion7();
        Assert.Single(await organization.QueryAsync<Guid>($"UPDATE platform.work SET claim_id = '{other}', due_at = now() + interval '1 hour' WHERE kind = 'endpoint' AND organization_id = '{organization.Organization.Id}' RETURNING id"));
        release.SetResult();

        // Long after its result was worked off (what follows it in the same queue was), nothing has changed.
        var later = await quick.OrganizationAsync();
        using var laterAdmin = await later.SignInAsync();
        await using var second = await TestReceiver.StartAsync();
        await laterAdmin.AddEndpointAsync(second.Url);
        await later.HappenAsync();
        await later.DeliveriesAsync("delivered", 1);
        await later.HappenAsync();
        await later.DeliveriesAsync("delivered", 2);
        Assert.Equal(1, await organization.CountAsync("webhook_deliveries WHERE status = 'pending' AND attempts = 0"));
        Assert.Equal(0, await organization.CountAsync("webhook_attempts"));
        Assert.Equal([other], await organization.QueryAsync<Guid>($"SELECT claim_id FROM platform.work WHERE kind = 'endpoint' AND organization_id = '{organization.Organization.Id}'"));
    }

    [Fact] // HOOK-22
    public async Task Recovering_sends_what_failed_since_a_time_again_and_nothing_else()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url, ["member.removed"]);
        await organization.QueryAsync<long>($$"""
            INSERT INTO webhook_messages (id, type, occurred_at, body) SELECT gen_random_uuid(), 'member.removed', now(), '{}'::bytea FROM generate_series(1, 1100);
            INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, created_at, finished_at)
            SELECT gen_random_uuid(), id, '{{endpoint}}', CASE WHEN n <= 1070 THEN 'failed' ELSE 'delivered' END, 10, 10, CASE WHEN n <= 20 THEN now() - interval '2 days' ELSE now() END, now()
            FROM (SELECT id, row_number() OVER () AS n FROM webhook_messages) AS m;
            SELECT count(*) FROM webhook_deliveries
            """);

        var answer = await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/recover", new { since = TimeProvider.System.GetUtcNow().AddDays(-1) })).OkAsync(HttpStatusCode.Accepted);

        Assert.Equal(1_050, answer.GetProperty("deliveries").GetInt32());
        await organization.DeliveriesAsync("delivered", 1_050 + 30);
        await organization.SettledAsync();
        Assert.Equal((1_050, 1_050), (receiver.Requests.Count, receiver.Requests.Select(r => r.Id).Distinct().Count()));
        Assert.Equal(20, await organization.CountAsync("webhook_deliveries WHERE status = 'failed'"));
    }

    [Fact] // HOOK-6
    public async Task What_is_rolled_back_leaves_no_pointer_and_is_not_sent()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await organization.SettledAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => organization.RunAsync(db => db.InTransactionAsync<bool>(
            async () =>
            {
                db.Publish(new Onboarding.Tenancy.Members.InvitationRevoked(Guid.CreateVersion7(), TimeProvider.System.GetUtcNow()));
                await db.SaveChangesAsync();
                throw new InvalidOperationException("changed my mind");
            },
            CancellationToken.None)));

        Assert.Equal(0, await organization.CountAsync($"platform.work WHERE organization_id = '{organization.Organization.Id}'"));
        var id = (await organization.HappenAsync())[0];
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal([id.HeaderId()], receiver.Requests.Select(r => r.Id));
    }

    [Fact] // of a newer version, while nodes are upgraded one after the other
    public async Task An_event_that_this_version_does_not_know_holds_up_no_other()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url, ["*"]);
        await organization.SettledAsync();
        var before = receiver.Requests.Count;
        await organization.QueryAsync<Guid>($$"""
            WITH made AS (INSERT INTO outbox (id, type, payload, occurred_at) VALUES (gen_random_uuid(), 'future.event', '{"type": "future.event"}', now()) RETURNING id)
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) SELECT gen_random_uuid(), '{{organization.Organization.Id}}', 'event', id, now(), 0 FROM made RETURNING id
            """);
        var id = (await organization.HappenAsync())[0];
        await receiver.WaitForAsync(before + 1);
        Assert.Equal(id.HeaderId(), receiver.Requests[^1].Id);
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"platform.work WHERE organization_id = '{organization.Organization.Id}' AND attempt = 1 AND claim_id IS NULL") == 1, "it waits for a node that knows it");
    }

    [Fact] // HOOK-4, SEC-40
    public async Task During_a_rotation_both_secrets_verify()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, old) = await admin.AddEndpointAsync(receiver.Url);
        var now = (await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", new { grace_hours = 1 })).OkAsync()).GetProperty("secret").GetString()!;
        Assert.NotEqual(old, now);
        await organization.HappenAsync();
        var received = (await receiver.WaitForAsync(1))[0];
        Assert.Equal([Signature(now), Signature(old)], received.Headers["webhook-signature"].Split(' '));

        await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", new { grace_hours = 0 })).OkAsync();
        await organization.HappenAsync();
        Assert.DoesNotContain(' ', (await receiver.WaitForAsync(2))[1].Headers["webhook-signature"]);

        string Signature(string secret) =>
            WebhookSecret.Parse(secret)!.Sign(received.Id, long.Parse(received.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture), received.Body);
    }
}
