using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Work;
using Onboarding.Testing;
using Onboarding.Webhooks.Deliveries;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What cannot be read of one organization is read together with others', and holds up none of them (FAULT-20).</summary>
public sealed class OddRowsTests(ApiFixture fixture)
{
    private const string Odd = "UPDATE webhook_endpoints SET paused_until = '20000-01-01 00:00:00Z' RETURNING id";

    [Fact] // FAULT-20
    public async Task Events_of_others_are_told()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var (odd, honest) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var events = new List<ClaimedEvent>();
        foreach (var organization in new[] { odd, honest })
        {
            using var admin = await organization.SignInAsync();
            await admin.AddEndpointAsync(receiver.Url);
            events.Add(Claimed(organization, Assert.Single(await organization.HappenAsync())));
            await organization.DeliveriesAsync("delivered", 1);
        }

        await odd.QueryAsync<Guid>(Odd);
        var told = await fixture.App.Services.GetRequiredService<FanOut>().RunAsync(events, _ => true, CancellationToken.None);

        Assert.Equal([events[0]], told.Failed);
        Assert.Equal([events[1]], told.Awaited);
    }

    [Fact] // FAULT-20
    public async Task Deliveries_of_others_are_sent()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var (odd, honest) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var oddAdmin = await odd.SignInAsync();
        using var honestAdmin = await honest.SignInAsync();
        var oddId = (await oddAdmin.AddEndpointAsync(receiver.Url)).Id;
        var honestId = (await honestAdmin.AddEndpointAsync(receiver.Url)).Id;
        await honest.HappenAsync();
        await honest.DeliveriesAsync("delivered", 1);
        await honest.SettledAsync();

        // Both are due at the same moment, so both are claimed together.
        await odd.QueryAsync<Guid>(Odd);
        await honest.QueryAsync<long>($"""
            UPDATE webhook_deliveries SET status = 'pending', next_attempt_at = now() - interval '1 second', finished_at = NULL;
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
            VALUES (gen_random_uuid(), '{odd.Organization.Id}', 'endpoint', '{oddId}', now() - interval '1 second', 0), (gen_random_uuid(), '{honest.Organization.Id}', 'endpoint', '{honestId}', now() - interval '1 second', 0);
            SELECT 1::bigint
            """);

        await receiver.WaitForAsync(2);
    }

    [Fact] // FAULT-20, HOOK-8, HOOK-10
    public async Task Results_of_others_are_waited_for_as_ever()
    {
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp);
        app.StartServer();
        await using var early = await TestReceiver.StartAsync();
        await using var receiver = await TestReceiver.StartAsync();
        await using var oddReceiver = await TestReceiver.StartAsync();
        var answer = new TaskCompletionSource();
        early.Answer = _ => new(After: answer.Task);
        var (first, odd, honest) = (await TestOrganization.CreateAsync(app), await TestOrganization.CreateAsync(app), await TestOrganization.CreateAsync(app));
        foreach (var (organization, url) in new[] { (first, early.Url), (odd, oddReceiver.Url), (honest, receiver.Url) })
        {
            using var admin = await organization.SignInAsync();
            await admin.AddEndpointAsync(url);
        }

        // One's results are never recorded, and after that has been seen the other's lose a deadlock, once.
        await odd.QueryAsync<long>($"""
            CREATE SEQUENCE seen;
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM nextval('{odd.Organization.Schema}.seen'); RAISE 'refused'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION refuse();
            SELECT 1::bigint
            """);
        await honest.QueryAsync<long>($"""
            CREATE SEQUENCE seen;
            CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
              IF (SELECT is_called FROM {odd.Organization.Schema}.seen) THEN
                IF nextval('{honest.Organization.Schema}.seen') = 1 THEN RAISE 'gave way' USING ERRCODE = 'deadlock_detected'; END IF;
              END IF;
              RETURN NEW;
            END $$;
            CREATE TRIGGER give_way BEFORE UPDATE ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION give_way();
            SELECT 1::bigint
            """);

        // The recorder is kept at the first one's result until it has both of the others', so that it takes them together.
        await first.HappenAsync();
        await early.WaitForAsync(1);
        await using (var held = await RowLock.HoldAsync(first, "SELECT 1 FROM webhook_deliveries FOR UPDATE"))
        {
            answer.SetResult();
            await held.WaitForWaitersAsync(1);
            await odd.HappenAsync();
            await honest.HappenAsync();
            await oddReceiver.WaitForAsync(1);
            await receiver.WaitForAsync(1);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken); // where the answers take longer, this shows less
            await held.ReleaseAsync();
        }

        await honest.DeliveriesAsync("delivered", 1);
        Assert.Equal((1, 1L), (receiver.Requests.Count, await honest.CountAsync("webhook_attempts")));
    }

    [Fact] // FAULT-20, HOOK-8
    public async Task A_result_is_recorded_though_nobody_can_read_when_the_next_delivery_is_due()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, _) = await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync(2);
        await organization.DeliveriesAsync("delivered", 2);
        await organization.SettledAsync();
        receiver.Answer = _ => new(500);

        // The last attempt of one; the other waits for a year that PostgreSQL alone knows.
        await organization.QueryAsync<long>($"""
            UPDATE webhook_deliveries SET status = 'pending', tries = 1000, next_attempt_at = now() - interval '1 second', finished_at = NULL;
            UPDATE webhook_deliveries SET next_attempt_at = '20000-01-01 00:00:00Z' WHERE id = (SELECT max(id::text)::uuid FROM webhook_deliveries);
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{organization.Organization.Id}', 'endpoint', '{id}', now() - interval '1 second', 0);
            SELECT 1::bigint
            """);

        await organization.DeliveriesAsync("failed", 1);
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"platform.work WHERE kind = 'endpoint' AND ref_id = '{id}' AND claim_id IS NULL AND due_at > '9000-01-01'") == 1, "its pointer waits, too");
        Assert.Equal(3, receiver.Requests.Count);
    }

    [Fact] // SEC-4
    public async Task Nobody_is_told_of_an_event_of_another_by_pointing_at_it()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var theirs = await TestReceiver.StartAsync();
        var (curious, other) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var (organization, url) in new[] { (curious, receiver.Url), (other, theirs.Url) })
        {
            using var admin = await organization.SignInAsync();
            await admin.AddEndpointAsync(url);
        }

        var id = Assert.Single(await other.HappenAsync());
        await other.DeliveriesAsync("delivered", 1);
        var (pointed, own) = (Claimed(curious, id), Claimed(other, id));
        var told = await fixture.App.Services.GetRequiredService<FanOut>().RunAsync([pointed, own], _ => true, CancellationToken.None);

        Assert.Empty(told.Failed);
        Assert.Equal([own], told.Awaited);
        Assert.Equal((0L, 0L), (await curious.CountAsync("webhook_messages"), await curious.CountAsync("webhook_deliveries")));
        Assert.Empty(receiver.Requests);
    }

    private static ClaimedEvent Claimed(TestOrganization organization, Guid id)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new(new ClaimedWork(Ids.New(now), organization.Organization.Key, WorkKinds.Event, id, 1, Ids.New(now)), organization.Organization);
    }
}
