using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Billing.Subscriptions;
using Onboarding.FakeStripe;
using Onboarding.Testing;
using Customer = Onboarding.Billing.Subscriptions.Customer;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>The state follows Stripe, whatever becomes of its callbacks.</summary>
public sealed class SubscriptionTests(ApiFixture fixture)
{
    private FakeStripe.FakeStripe Stripe => fixture.Stripe;

    [Fact] // BILL-8, BILL-14, FAULT-7
    public async Task Every_order_of_created_updated_and_deleted_ends_the_same()
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        await Task.WhenAll(orders.Select(async order =>
        {
            await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
            var subscription = await subscriber.SubscribeAsync();
            await Stripe.SetPriceAsync(subscription, TestStripe.Yearly);
            await Stripe.CancelAsync(subscription);
            var events = (await subscriber.EventsAsync()).Where(e => e.Type.StartsWith("customer.subscription.", StringComparison.Ordinal)).ToList();
            Assert.Equal(["customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted"], events.Select(e => e.Type));
            foreach (var place in order)
            {
                Assert.Equal(HttpStatusCode.OK, (await subscriber.DeliverAsync(events[place])).StatusCode);
                await subscriber.SettledAsync();
                Assert.Equal("free", await subscriber.PlanAsync());
            }

            await subscriber.HasPhaseAsync("ended");
            Assert.Equal("canceled", (await subscriber.SharedAsync<string>($"SELECT status FROM billing.subscriptions WHERE external_id = '{subscription}'")).Single());
        }));
    }

    [Fact] // BILL-9
    public async Task A_slow_fetch_that_ends_after_a_newer_one_loses()
    {
        var stripe = await TestStripe.StartAsync();
        await using var _ = stripe;
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, TestStripe.SettingsFor(stripe), Faults.Nodes.WithoutJobs);
        app.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(app, stripe);
        var subscription = await subscriber.SubscribeAsync(isFetched: false);
        var (sync, customer) = (app.Services.GetRequiredService<CustomerSync>(), await LinkAsync(subscriber));

        // The first fetch has read "active" and hangs; meanwhile it is cancelled, and fetched again.
        TaskCompletionSource read = new(), goOn = new();
        stripe.After = async request =>
        {
            if (request.Path == "/v1/invoices" && read.TrySetResult())
            {
                await goOn.Task;
            }
        };
        var slow = sync.RunAsync(subscriber.Organization.Organization, customer, CancellationToken.None);
        await read.Task;
        await stripe.CancelAsync(subscription);
        Assert.True((await sync.RunAsync(subscriber.Organization.Organization, customer, CancellationToken.None)).Succeeded);
        goOn.SetResult();
        await slow;
        Assert.Equal("canceled", (await subscriber.SharedAsync<string>($"SELECT status FROM billing.subscriptions WHERE external_id = '{subscription}'")).Single());
        Assert.Equal("free", (await subscriber.SharedAsync<string>($"SELECT plan FROM platform.organizations WHERE id = '{subscriber.Organization.Organization.Id}'")).Single());
    }

    [Fact] // BILL-10, FAULT-8
    public async Task What_came_before_the_customer_was_known_is_applied_once_it_is()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var customer = await Stripe.CreateCustomerAsync("Made by hand");
        await Stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 2);
        var e = Stripe.Events.Last(e => e.Type == "customer.subscription.created" && e.Json.Contains(customer, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await subscriber.DeliverAsync(e)).StatusCode);
        Assert.Equal("unmatched", await StateOfAsync(e));

        var links = fixture.App.Services.GetRequiredService<CustomerLinks>();
        Assert.NotNull(await links.LinkAsync(Customer.Link(subscriber.Organization.Organization.Key, "stripe", customer, TimeProvider.System.GetUtcNow()), CancellationToken.None));
        await fixture.App.Services.GetRequiredService<SyncRequests>().OfOrganizationAsync(subscriber.Organization.Organization.Key, CancellationToken.None);
        await subscriber.HasPlanAsync("premium");
        Assert.Equal("applied", await StateOfAsync(e));

        // It is nobody else's any more.
        await using var other = await Subscriber.CreateAsync(fixture.App, Stripe);
        Assert.Null(await links.LinkAsync(Customer.Link(other.Organization.Organization.Key, "stripe", customer, TimeProvider.System.GetUtcNow()), CancellationToken.None));
    }

    [Fact] // BILL-11
    public async Task A_callback_that_names_one_organization_and_the_customer_of_another_is_quarantined()
    {
        await using var a = await Subscriber.CreateAsync(fixture.App, Stripe);
        await using var b = await Subscriber.CreateAsync(fixture.App, Stripe);
        await a.CheckOutAsync();
        await b.CheckOutAsync();
        await b.SettledAsync();
        var metadata = new Dictionary<string, string> { ["organization_id"] = a.Organization.Organization.Id };
        await Stripe.CreateSubscriptionAsync(await b.CustomerAsync(), TestStripe.Monthly, metadata: metadata);
        var e = (await b.EventsAsync()).Last(e => e.Type == "customer.subscription.created");
        Assert.Equal(HttpStatusCode.OK, (await b.DeliverAsync(e)).StatusCode);
        Assert.Equal("quarantined", await StateOfAsync(e));

        // Not by a fetch either, whatever has it made.
        await (await b.Admin.PostAsync("/billing/subscription/refresh", null)).OkAsync(HttpStatusCode.Accepted);
        await b.SettledAsync();
        Assert.Equal(("free", "free"), (await a.PlanAsync(), await b.PlanAsync()));
        Assert.Empty(await b.SharedAsync<Guid>($"SELECT s.id FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id WHERE c.organization_id = '{b.Organization.Organization.Id}'"));
        Assert.Single(await b.SharedAsync<string>($"SELECT anomaly FROM billing.customers WHERE organization_id = '{b.Organization.Organization.Id}' AND anomaly IS NOT NULL"));
    }

    [Fact] // BILL-12
    public async Task What_is_another_organizations_is_not_found_and_the_provider_is_not_asked()
    {
        await using var owner = await Subscriber.CreateAsync(fixture.App, Stripe);
        await owner.SubscribeAsync();
        await owner.DeliverAsync();
        await owner.HasPlanAsync("premium");
        await Eventually.HoldsAsync(async () => (await InvoicesAsync(owner)).Count == 1, "the invoice is there");
        var session = (await owner.SharedAsync<string>($"SELECT external_id FROM billing.checkouts WHERE organization_id = '{owner.Organization.Organization.Id}'")).Single();
        var invoice = (await InvoicesAsync(owner))[0].GetProperty("id").GetString();
        await owner.SettledAsync();

        await using var other = await Subscriber.CreateAsync(fixture.App, Stripe);
        var (asked, customer) = (Stripe.Requests.Count, await owner.CustomerAsync());
        Assert.Equal("checkout.not_found", await (await other.Admin.GetAsync($"/billing/return?checkout={session}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("invoice.not_found", await (await other.Admin.GetAsync($"/billing/invoices/{invoice}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Empty(await InvoicesAsync(other));
        Assert.Equal("none", (await other.SubscriptionAsync()).GetProperty("phase").GetString());
        Assert.Equal("billing.no_subscription", await (await other.Admin.PostAsync("/billing/portal", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("billing.no_subscription", await (await other.Admin.PostAsync("/billing/cancel", null)).CodeAsync(HttpStatusCode.Conflict));
        await (await other.Admin.PostAsync("/billing/subscription/refresh", null)).OkAsync(HttpStatusCode.Accepted);
        Assert.DoesNotContain(Stripe.Requests.Skip(asked), request => request.Query.Any(pair => pair.Value == customer));
        Assert.Equal("invoice", (await (await owner.Admin.GetAsync($"/billing/invoices/{invoice}")).OkAsync()).TryGetProperty("number", out _) ? "invoice" : "none");
    }

    [Fact] // BILL-19
    public async Task While_Stripe_answers_500_it_stays_pending_and_is_tried_again()
    {
        var stripe = await TestStripe.StartAsync();
        await using var _ = stripe;
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, TestStripe.SettingsFor(stripe));
        app.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(app, stripe);
        await subscriber.SubscribeAsync();
        await subscriber.SettledAsync();

        // Each call of the SDK is tried three times by itself.
        var isAway = true;
        stripe.FailNext(1_000, 500, request => isAway && request.Path.StartsWith("/v1/customers/", StringComparison.Ordinal));
        await subscriber.DeliverAsync();
        await Eventually.HoldsAsync(async () => (await subscriber.SharedAsync<int>("SELECT failures FROM billing.customers")).Single() > 0, "it has failed");
        Assert.Equal("free", await subscriber.PlanAsync());
        isAway = false;
        await subscriber.HasPlanAsync("premium");
        Assert.Equal(0, (await subscriber.SharedAsync<int>("SELECT failures FROM billing.customers")).Single());

        // A worker that died with it: its claim ends with the lease.
        await subscriber.SettledAsync();
        await stripe.CancelAsync((await subscriber.SharedAsync<string>("SELECT external_id FROM billing.subscriptions")).Single());
        await subscriber.SharedAsync<Guid>($"""
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt, claim_id)
            SELECT gen_random_uuid(), organization_id, 'billing', id, now() + interval '3 seconds', 1, gen_random_uuid() FROM billing.customers RETURNING id
            """);
        Assert.Equal("premium", await subscriber.PlanAsync());
        await subscriber.HasPlanAsync("free");
    }

    [Fact] // BILL-20
    public async Task With_every_callback_lost_reconciliation_finds_out_within_one_run()
    {
        var stripe = await TestStripe.StartAsync();
        await using var _ = stripe;
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, TestStripe.SettingsFor(stripe));
        app.StartServer();
        var subscribers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Subscriber.CreateAsync(app, stripe)));
        var subscriptions = new List<string>();
        foreach (var subscriber in subscribers)
        {
            await subscriber.CheckOutAsync();
            await subscriber.SettledAsync();
            subscriptions.Add(await stripe.CreateSubscriptionAsync(await subscriber.CustomerAsync(), TestStripe.Monthly, quantity: 2));
        }

        var reconciliation = app.Services.GetRequiredService<Reconciliation>();
        var report = await reconciliation.RunAsync(everybody: true, CancellationToken.None);
        Assert.Equal((3, 0, 3), (report.Checked, report.Failed, report.Drifted));
        Assert.True(report.Missed > 0);
        await Task.WhenAll(subscribers.Select(subscriber => subscriber.HasPlanAsync("premium")));
        foreach (var subscriber in subscribers)
        {
            await subscriber.SettledAsync();
        }

        // One whose organization cannot be reached stops no other.
        await subscribers[1].SharedAsync<int>($"ALTER TABLE {subscribers[1].Organization.Organization.Schema}.outbox RENAME TO outbox_away; SELECT 1");
        await stripe.SetPriceAsync(subscriptions[1], TestStripe.Yearly);
        report = await reconciliation.RunAsync(everybody: false, CancellationToken.None);
        Assert.Equal((3, 1), (report.Checked, report.Failed));
        await subscribers[1].SharedAsync<int>($"ALTER TABLE {subscribers[1].Organization.Organization.Schema}.outbox_away RENAME TO outbox; SELECT 1");
        Assert.Equal(0, (await reconciliation.RunAsync(everybody: false, CancellationToken.None)).Failed);
        Assert.Equal(TestStripe.Yearly, (await subscribers[1].SharedAsync<string>($"SELECT lookup_key FROM billing.subscriptions WHERE external_id = '{subscriptions[1]}'")).Single());
        await subscribers[1].SettledAsync();

        report = await reconciliation.RunAsync(everybody: false, CancellationToken.None);
        Assert.Equal((3, 0, 0, 0), (report.Checked, report.Failed, report.Drifted, report.Missed));

        // The end is heard by the same way; who has ended, and could not be paying just now, is looked at by the daily run alone.
        await stripe.CancelAsync(subscriptions[0]);
        Assert.Equal(1, (await reconciliation.RunAsync(everybody: false, CancellationToken.None)).Drifted);
        await subscribers[0].HasPlanAsync("free");
        Assert.Equal(3, (await reconciliation.RunAsync(everybody: false, CancellationToken.None)).Checked);
        await subscribers[0].SharedAsync<int>("UPDATE billing.checkouts SET closed_at = now(); SELECT 1");
        Assert.Equal(2, (await reconciliation.RunAsync(everybody: false, CancellationToken.None)).Checked);
        Assert.Equal(3, (await reconciliation.RunAsync(everybody: true, CancellationToken.None)).Checked);
    }

    [Fact] // BILL-10, BILL-11: as after an import
    public async Task A_customer_who_is_linked_by_hand_pays_for_this_organization_whomever_it_named_before()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var customer = await Stripe.CreateCustomerAsync("Moved here");
        await Stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 2, metadata: new Dictionary<string, string> { ["organization_id"] = Guid.CreateVersion7().ToString() });

        Assert.Equal(LinkOutcome.Linked, await fixture.App.Services.GetRequiredService<CustomerLinks>().LinkKnownAsync(subscriber.Organization.Organization.Key, "stripe", customer, CancellationToken.None));
        await subscriber.HasPlanAsync("premium");
        Assert.True(await fixture.App.Services.GetRequiredService<CustomerLinks>().IsChargedAsync(subscriber.Organization.Organization.Key, CancellationToken.None));
        var e = (await subscriber.EventsAsync()).Last(e => e.Type == "customer.subscription.updated");
        await subscriber.DeliverAsync(e);
        Assert.NotEqual("quarantined", await StateOfAsync(e));
    }

    [Fact] // BILL-11
    public async Task A_subscription_that_becomes_another_organizations_pays_for_nothing_here()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var subscription = await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        await Stripe.UpdateMetadataAsync(subscription, "organization_id", Guid.CreateVersion7().ToString());
        await (await subscriber.Admin.PostAsync("/billing/subscription/refresh", null)).OkAsync(HttpStatusCode.Accepted);
        await subscriber.HasPlanAsync("free");
    }

    [Fact] // BILL-19
    public async Task A_refused_change_of_seats_holds_up_nothing_that_was_paid_for()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.CheckOutAsync();
        var subscription = await Stripe.CreateSubscriptionAsync(await subscriber.CustomerAsync(), TestStripe.Monthly, quantity: 9);
        Stripe.FailNext(1, 402, request => request.Method == "POST" && request.Path == $"/v1/subscriptions/{subscription}");
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
    }

    [Fact]
    public async Task What_was_asked_for_is_in_the_audit_log_whatever_came_of_it()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var subscription = await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        Stripe.FailNext(3, 500, request => request.Method == "POST" && request.Path == $"/v1/subscriptions/{subscription}");
        Assert.Equal("billing.provider_unavailable", await (await subscriber.Admin.PostAsync("/billing/cancel", null)).CodeAsync(HttpStatusCode.ServiceUnavailable));
        await (await subscriber.Admin.PostAsync("/billing/cancel", null)).OkAsync(HttpStatusCode.Accepted);
        await subscriber.HasPhaseAsync("ending");
        Assert.Equal("premium", await subscriber.PlanAsync());
        await (await subscriber.Admin.PostAsync("/billing/resume", null)).OkAsync(HttpStatusCode.Accepted);
        await subscriber.HasPhaseAsync("active");
        Assert.Equal(2, (await subscriber.Organization.QueryAsync<long>("SELECT count(*) FROM audit_log WHERE action = 'billing.cancellation_requested'"))[0]);
    }

    [Theory] // BILL-22
    [InlineData("incomplete", "free", "incomplete")]
    [InlineData("incomplete_expired", "free", "ended")]
    [InlineData("trialing", "premium", "trial")]
    [InlineData("active", "premium", "active")]
    [InlineData("past_due", "premium", "grace")]
    [InlineData("unpaid", "free", "unpaid")]
    [InlineData("paused", "free", "paused")]
    [InlineData("canceled", "free", "ended")]
    public async Task What_each_status_of_Stripe_means_here(string status, string plan, string phase)
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync(status);
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync(phase);
        await subscriber.HasPlanAsync(plan);
        Assert.Equal(plan == "premium", await subscriber.MayDefineRolesAsync());
    }

    [Fact] // BILL-22
    public async Task A_deleted_customer_is_free_and_can_begin_anew()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        var old = await subscriber.CustomerAsync();
        await Stripe.DeleteCustomerAsync(old);
        await subscriber.DeliverAsync(Stripe.Events.Last(e => e.Type == "customer.deleted"));
        await subscriber.HasPlanAsync("free");
        await subscriber.SettledAsync();
        Assert.Single(await subscriber.SharedAsync<string>($"SELECT external_id FROM billing.customers WHERE external_id = '{old}' AND deleted_at IS NOT NULL"));

        await subscriber.CheckOutAsync();
        Assert.NotEqual(old, await subscriber.CustomerAsync());
    }

    [Fact] // BILL-22
    public async Task A_price_that_no_plan_has_grants_nothing_and_takes_nothing_away()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var subscription = await subscriber.SubscribeAsync(lookupKey: "unheard_of");
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync("active");
        Assert.Equal("free", await subscriber.PlanAsync());
        await Stripe.SetPriceAsync(subscription, TestStripe.Monthly);
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        await Stripe.SetPriceAsync(subscription, "unheard_of");
        await subscriber.DeliverAsync();
        await Eventually.HoldsAsync(async () => (await subscriber.SubscriptionAsync()).GetProperty("plan_paid_for").ValueKind == JsonValueKind.Null, "the price is seen");
        Assert.Equal("premium", await subscriber.PlanAsync());
    }

    [Fact] // BILL-22
    public async Task There_is_no_second_trial()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        Assert.Equal(14, (await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).OkAsync()).GetProperty("trial_days").GetInt32());
        Assert.True((await subscriber.SubscriptionAsync()).GetProperty("trial_available").GetBoolean());
        await Stripe.PayCheckoutAsync(await subscriber.CheckOutAsync());
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync("trial");
        await Stripe.CancelAsync((await subscriber.SharedAsync<string>($"SELECT s.external_id FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id WHERE c.organization_id = '{subscriber.Organization.Organization.Id}'")).Single());
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("free");
        Assert.False((await subscriber.SubscriptionAsync()).GetProperty("trial_available").GetBoolean());
        Assert.Equal(0, (await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).OkAsync()).GetProperty("trial_days").GetInt32());
    }

    [Fact]
    public async Task A_failed_payment_is_told_and_the_payment_after_it_too()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var subscription = await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        await Stripe.FailRenewalAsync(subscription);
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync("grace");
        Assert.NotEqual(JsonValueKind.Null, (await subscriber.SubscriptionAsync()).GetProperty("grace_end").ValueKind);
        await subscriber.SettledAsync();
        Assert.Equal(1, await subscriber.ToldAsync("invoice.payment_failed"));
        await Stripe.PayOpenInvoiceAsync(subscription);
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync("active");
        await subscriber.SettledAsync();
        Assert.Equal(2, await subscriber.ToldAsync("invoice.paid"));
        Assert.Equal(1, await subscriber.ToldAsync("organization.plan_changed"));
    }

    [Fact]
    public async Task Seats_paid_for_follow_the_members()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        Assert.Equal(2, (await subscriber.SubscriptionAsync()).GetProperty("seats").GetInt64());

        var ada = await subscriber.Organization.AddPendingAsync("ada");
        await (await subscriber.Admin.PostAsJsonAsync($"/members/{ada}/approve", new { })).OkAsync();
        await Eventually.HoldsAsync(async () => (await subscriber.SubscriptionAsync()).GetProperty("seats").GetInt64() == 3, "three seats are paid for");
        await (await subscriber.Admin.PostAsJsonAsync($"/members/{subscriber.Organization.UserId}/suspend", new { reason = "On leave." })).OkAsync();
        await Eventually.HoldsAsync(async () => (await subscriber.SubscriptionAsync()).GetProperty("seats").GetInt64() == 2, "two seats are paid for");
    }

    [Fact] // BILL-22
    public async Task A_change_between_a_flat_plan_and_one_by_the_seat_takes_the_right_number_along()
    {
        var settings = TestStripe.SettingsFor(Stripe);
        foreach (var (key, value) in new (string, string)[] { ("Name", "Team"), ("Description", "One price."), ("Rank", "5"), ("PerSeat", "false"), ("Quotas:seats", "10"), ("Quotas:api_keys", "10"), ("Quotas:webhook_endpoints", "10"), ("Quotas:api_requests", "10"), ("Prices:0:LookupKey", "unheard_of"), ("Prices:0:Amount", "100"), ("Prices:0:Currency", "eur"), ("Prices:0:Interval", "month") })
        {
            settings[$"Billing:Plans:team:{key}"] = value;
        }

        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, settings, Faults.Nodes.WithoutJobs);
        app.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(app, Stripe);
        await subscriber.CheckOutAsync();
        var subscription = await Stripe.CreateSubscriptionAsync(await subscriber.CustomerAsync(), "unheard_of", quantity: 1);
        var (sync, customer) = (app.Services.GetRequiredService<CustomerSync>(), await LinkAsync(subscriber));
        foreach (var (plan, quantity) in new[] { ("premium", "2"), ("team", "1") })
        {
            Assert.True((await sync.RunAsync(subscriber.Organization.Organization, customer, CancellationToken.None)).Succeeded);
            await (await subscriber.Admin.PostAsJsonAsync("/billing/change/preview", new { plan })).OkAsync();
            await (await subscriber.Admin.PostAsJsonAsync("/billing/change", new { plan })).OkAsync(HttpStatusCode.Accepted);
            var change = Stripe.Requests.Last(request => request.Method == "POST" && request.Path == $"/v1/subscriptions/{subscription}");
            Assert.Equal(quantity, change.Form.Single(pair => pair.Key == "items[0][quantity]").Value);
        }
    }

    private static async Task<Guid> LinkAsync(Subscriber subscriber) =>
        (await subscriber.SharedAsync<Guid>($"SELECT id FROM billing.customers WHERE organization_id = '{subscriber.Organization.Organization.Id}' AND deleted_at IS NULL")).Single();

    private static async Task<IReadOnlyList<JsonElement>> InvoicesAsync(Subscriber subscriber) =>
        [.. (await (await subscriber.Admin.GetAsync("/billing/invoices")).OkAsync()).GetProperty("data").EnumerateArray()];

    private async Task<string> StateOfAsync(FakeEvent e) => (await Subscriber.SharedAsync<string>(fixture.App, $"SELECT state FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single();
}
