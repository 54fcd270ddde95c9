using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Jobs;
using Onboarding.Api.Tests.Features.Billing;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>The grace of a deletion: nobody is served, nothing is lost.</summary>
public sealed class DeletionTests(ApiFixture fixture)
{
    private LeaveOrganization Leave => fixture.App.Services.GetRequiredService<LeaveOrganization>();

    [Fact] // SEC-7
    public async Task While_the_grace_runs_nobody_is_served_and_who_is_restored_goes_on_where_they_stopped()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        var id = organization.Organization.Key;
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await organization.SettledAsync();
        var tokens = await organization.TokensAsync("user");

        var begun = await Leave.BeginAsync(id, Actor.System, CancellationToken.None);
        Assert.Equal((LeaveOutcome.Begun, 30), (begun.Outcome, (int)Math.Round((begun.PurgeAt!.Value - TimeProvider.System.GetUtcNow()).TotalDays)));
        await Eventually.HoldsAsync(async () => (await organization.TryLoginAsync("user")).StatusCode == HttpStatusCode.NotFound, "nobody signs in");
        Assert.Equal("tenant.not_found", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.NotFound));

        // What was under way when it began: an event, a mail, and an endpoint's turn. They are looked at, and put aside.
        var happened = (await organization.HappenAsync())[0];
        await organization.QueryAsync<int>($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) SELECT gen_random_uuid(), '{id}', k, coalesce((SELECT e.id FROM webhook_endpoints e WHERE k = 'endpoint'), gen_random_uuid()), now(), 0 FROM unnest(ARRAY['email', 'endpoint']) k RETURNING 1");
        await Eventually.HoldsAsync(
            async () => await organization.QueryAsync<bool>($"SELECT count(*) >= 3 AND bool_and(claim_id IS NULL AND due_at > now() + interval '5 minutes') FROM platform.work WHERE organization_id = '{id}'") is [true],
            "its work waits");
        Assert.Empty(receiver.Requests);

        // Asking again changes nothing, and does not put the end off.
        Assert.Equal((LeaveOutcome.UnderWay, begun.PurgeAt!.Value.ToUnixTimeMilliseconds()), await Leave.BeginAsync(id, Actor.System, CancellationToken.None) is var again ? (again.Outcome, again.PurgeAt!.Value.ToUnixTimeMilliseconds()) : default);
        Assert.Equal(RestoreOutcome.Restored, await Leave.RestoreAsync(id, Actor.System, CancellationToken.None));
        await Eventually.HoldsAsync(async () => (await organization.MeAsync(tokens.Access())).IsSuccessStatusCode, "it serves again");
        await organization.DeliveriesAsync("delivered", 1);
        await organization.SettledAsync();
        Assert.Equal([happened.HeaderId()], receiver.Requests.Select(r => r.Id));
        Assert.Equal(RestoreOutcome.NotLeaving, await Leave.RestoreAsync(id, Actor.System, CancellationToken.None));
    }

    [Fact] // SEC-7
    public async Task Who_was_suspended_is_suspended_again_and_an_archive_can_be_had_until_the_end()
    {
        var organization = await fixture.OrganizationAsync();
        var id = organization.Organization.Key;
        await organization.QueryAsync<int>($"UPDATE platform.organizations SET status = 'suspended' WHERE id = '{id}' RETURNING 1");
        await Leave.BeginAsync(id, Actor.System, CancellationToken.None);

        Assert.NotEmpty((await organization.ExportAsync()).Archive);

        await Leave.RestoreAsync(id, Actor.System, CancellationToken.None);
        Assert.Equal(["suspended"], await organization.QueryAsync<string>($"SELECT status FROM platform.organizations WHERE id = '{id}' AND purge_at IS NULL AND status_before IS NULL"));
        Assert.Equal(LeaveOutcome.Unknown, (await Leave.BeginAsync(Guid.CreateVersion7(), Actor.System, CancellationToken.None)).Outcome);
        Assert.Equal(RestoreOutcome.Unknown, await Leave.RestoreAsync(Guid.CreateVersion7(), Actor.System, CancellationToken.None));
    }

    [Fact] // SEC-7, BILL-13
    public async Task Who_pays_is_not_deleted_even_when_the_payment_came_after_the_request()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        var id = subscriber.Organization.Organization.Key;
        await subscriber.CheckOutAsync();
        Assert.Equal(LeaveOutcome.Begun, (await Leave.BeginAsync(id, Actor.System, CancellationToken.None)).Outcome);

        // The way to the checkout was open.
        await fixture.Stripe.CreateSubscriptionAsync(await subscriber.CustomerAsync(), TestStripe.Monthly, quantity: 2);
        await subscriber.DeliverAsync();
        await Eventually.HoldsAsync(async () => (await subscriber.SharedAsync<long>($"SELECT count(*) FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id WHERE c.organization_id = '{id}' AND s.status = 'active'"))[0] == 1, "the subscription is known");
        await subscriber.SharedAsync<int>($"UPDATE platform.organizations SET purge_at = now() - interval '1 minute' WHERE id = '{id}' RETURNING 1");
        await fixture.App.RunJobAsync<PurgeLeaving>();

        Assert.Equal(2, await subscriber.Organization.CountAsync("members"));
        Assert.Equal(RemoveOutcome.Held, await fixture.App.Services.GetRequiredService<RemoveOrganization>().RunAsync(id, Actor.System, CancellationToken.None));
        Assert.Equal(LeaveOutcome.Held, (await Leave.BeginAsync(id, Actor.System, CancellationToken.None)).Outcome);
        Assert.True(await fixture.App.Services.GetRequiredService<CustomerLinks>().IsChargedAsync(id, CancellationToken.None));
        Assert.Equal(RestoreOutcome.Restored, await Leave.RestoreAsync(id, Actor.System, CancellationToken.None));
    }

    [Fact] // SEC-7, BILL-13
    public async Task Who_can_still_pay_is_not_removed_before_that_has_ended()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, fixture.Stripe);
        var id = subscriber.Organization.Organization.Key;
        await subscriber.CheckOutAsync();
        var remove = fixture.App.Services.GetRequiredService<RemoveOrganization>();

        Assert.Equal(RemoveOutcome.Delayed, await remove.RunAsync(id, Actor.System, CancellationToken.None));
        Assert.Equal(2, await subscriber.Organization.CountAsync("members"));

        // A subscription that came and went before it was opened says nothing about it.
        await subscriber.SharedAsync<int>($"""
            INSERT INTO billing.subscriptions SELECT (jsonb_populate_record(NULL::billing.subscriptions, jsonb_build_object(
              'id', gen_random_uuid(), 'customer_id', o.customer_id, 'external_id', 'sub_' || o.id, 'status', 'canceled', 'item_id', 'si_1', 'quantity', 1, 'created_at', o.created_at - interval '10 minutes', 'updated_at', now(), 'raw', jsonb_build_object()))).*
            FROM billing.checkouts o WHERE o.organization_id = '{id}' RETURNING 1
            """);
        Assert.Equal(RemoveOutcome.Delayed, await remove.RunAsync(id, Actor.System, CancellationToken.None));

        await subscriber.SharedAsync<int>($"UPDATE billing.checkouts SET expires_at = now() - interval '2 hours' WHERE organization_id = '{id}' RETURNING 1");
        Assert.Equal(RemoveOutcome.Gone, await remove.RunAsync(id, Actor.System, CancellationToken.None));
    }

    [Fact] // SEC-7: the grace that ends cannot be brought back
    public async Task A_node_without_the_owners_login_ends_no_grace()
    {
        var organization = await fixture.OrganizationAsync();
        await using var poor = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Database:OwnerConnectionString"] = "" });
        await Assert.ThrowsAsync<InvalidOperationException>(() => poor.Services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Organization.Key, Actor.System, CancellationToken.None));
        Assert.Equal(["active"], await organization.QueryAsync<string>($"SELECT status FROM platform.organizations WHERE id = '{organization.Organization.Id}' AND purge_at IS NULL"));
    }

    [Fact] // SEC-7
    public async Task What_was_never_set_up_has_no_grace()
    {
        var organization = Organization.Register(LeavingSteps.NewIdentifier(), "Name", "free", TimeProvider.System.GetUtcNow());
        await using (var db = await fixture.App.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            db.Organizations.Add(organization);
            await db.SaveChangesAsync();
        }

        Assert.True((await Leave.BeginAsync(organization.Key, Actor.System, CancellationToken.None)).PurgeAt <= TimeProvider.System.GetUtcNow());
        Assert.Equal(RestoreOutcome.NotLeaving, await Leave.RestoreAsync(organization.Key, Actor.System, CancellationToken.None));
        Assert.Equal(RemoveOutcome.Gone, await fixture.App.Services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Key, Actor.System, CancellationToken.None));
        Assert.Equal(RemoveOutcome.NothingToDo, await fixture.App.Services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Key, Actor.System, CancellationToken.None));
    }
}
