using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Billing.Subscriptions;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>From an opened checkout to one subscription, however often it is opened and in whatever order things are heard (BILL-21).</summary>
public sealed class CheckoutTests(ApiFixture fixture)
{
    private FakeStripe.FakeStripe Stripe => fixture.Stripe;

    [Theory] // BILL-21
    [InlineData("before")]
    [InlineData("during")]
    [InlineData("after")]
    public async Task The_return_from_checkout_and_the_callback_come_in_any_order(string when)
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var session = await subscriber.CheckOutAsync();
        await Stripe.PayCheckoutAsync(session);
        Task ReturnAsync() => subscriber.Organization.Anonymous.GetAsync($"/billing/return?checkout={session}");
        await (when switch
        {
            "before" => InOrderAsync(ReturnAsync, subscriber.DeliverAsync),
            "after" => InOrderAsync(subscriber.DeliverAsync, ReturnAsync),
            _ => Task.WhenAll(ReturnAsync(), subscriber.DeliverAsync()),
        });
        await subscriber.HasPlanAsync("premium");
        await subscriber.SettledAsync();
        Assert.Single(await subscriber.SharedAsync<Guid>($"SELECT s.id FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id WHERE c.organization_id = '{subscriber.Organization.Organization.Id}'"));
        Assert.Equal(1, await subscriber.ToldAsync("organization.plan_changed"));
        Assert.Equal("billing.already_subscribed", await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).CodeAsync(HttpStatusCode.Conflict));
    }

    // Each of them touches the customer and its work; in two orders PostgreSQL would have to end one of the two.
    [Fact] // BILL-21
    public async Task Callbacks_and_those_who_ask_for_a_fetch_do_not_wait_for_each_other()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        var told = (await subscriber.EventsAsync())[^1];
        var requests = fixture.App.Services.GetRequiredService<SyncRequests>();
        var asking = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 100; i++)
            {
                Assert.True(await requests.OfOrganizationAsync(subscriber.Organization.Organization.Key, TestContext.Current.CancellationToken));
            }
        }));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async n =>
        {
            for (var i = 0; i < 100; i++)
            {
                var id = $"{told.Id}_{n}_{i}";
                (await subscriber.DeliverAsync(told with { Id = id, Json = told.Json.Replace(told.Id, id, StringComparison.Ordinal) })).EnsureSuccessStatusCode();
            }
        }));
        await asking;
        await subscriber.HasPlanAsync("premium");
    }

    [Fact] // BILL-21
    public async Task The_return_alone_is_enough()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var session = await subscriber.CheckOutAsync();
        await subscriber.SettledAsync();
        await Stripe.PayCheckoutAsync(session);
        Assert.Equal("free", await subscriber.PlanAsync());
        Assert.Equal(HttpStatusCode.OK, (await subscriber.Organization.Anonymous.GetAsync($"/billing/return?checkout={session}")).StatusCode);
        await subscriber.HasPlanAsync("premium");
    }

    [Fact] // BILL-21
    public async Task Two_checkouts_at_once_are_one_customer_and_one_session()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })));
        var opened = new List<string>();
        foreach (var answer in answers)
        {
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                opened.Add((await answer.JsonAsync()).GetProperty("url").GetString()!);
            }
            else
            {
                Assert.Contains(await answer.CodeAsync(answer.StatusCode), (string[])["billing.checkout_busy", "billing.provider_unavailable"]);
            }
        }

        Assert.Single(opened.Distinct());
        var customer = await subscriber.CustomerAsync();
        Assert.Equal(1, Stripe.Events.Count(e => e.Type == "customer.created" && e.Json.Contains(subscriber.Organization.Organization.Id, StringComparison.Ordinal)));

        // For something else the first one is closed: nobody can pay by both.
        var first = (await subscriber.SharedAsync<string>($"SELECT external_id FROM billing.checkouts WHERE organization_id = '{subscriber.Organization.Organization.Id}'")).Single();
        var second = await subscriber.CheckOutAsync("year");
        Assert.NotEqual(first, second);
        Assert.Contains(Stripe.Events, e => e.Type == "checkout.session.expired" && e.Json.Contains(first, StringComparison.Ordinal));
        Assert.Equal(customer, await subscriber.CustomerAsync());
    }

    [Fact] // BILL-21
    public async Task Checkouts_for_different_things_at_once_leave_one_that_can_be_paid()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(n => subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium", interval = n % 2 == 0 ? "month" : "year" })));
        }

        await subscriber.CheckOutAsync();
        var sessions = Stripe.Events.Where(e => e.Type == "checkout.session.expired" && e.Json.Contains(subscriber.Organization.Organization.Id, StringComparison.Ordinal)).Select(e => e.Id).Distinct().Count();
        var made = Stripe.Requests.Where(request => request.Path == "/v1/checkout/sessions" && request.Form.Any(pair => pair.Value == subscriber.Organization.Organization.Id)).Select(request => request.IdempotencyKey).Distinct().Count();
        Assert.Equal(made - 1, sessions);
    }

    [Fact] // BILL-21
    public async Task A_subscription_that_was_paid_and_not_heard_of_yet_leaves_nothing_to_buy()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        var session = await subscriber.CheckOutAsync();
        await subscriber.SettledAsync();
        await Stripe.PayCheckoutAsync(session);
        Assert.Equal("billing.already_subscribed", await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium", interval = "year" })).CodeAsync(HttpStatusCode.Conflict));
        await subscriber.HasPlanAsync("premium");

        // Ended at once, and bought again: the paid session is no way to pay, and a new one is.
        await Stripe.CancelAsync((await subscriber.SharedAsync<string>($"SELECT s.external_id FROM billing.subscriptions s JOIN billing.customers c ON c.id = s.customer_id WHERE c.organization_id = '{subscriber.Organization.Organization.Id}'")).Single());
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("free");
        Assert.NotEqual(session, await subscriber.CheckOutAsync());
        Assert.Equal(await subscriber.CheckOutAsync(), await subscriber.CheckOutAsync());
    }

    [Fact] // BILL-21
    public async Task A_try_that_failed_half_way_is_taken_up_again_whatever_was_renamed_meanwhile()
    {
        // Stripe refuses a key that comes again with other parameters.
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.Organization.QueryAsync<long>($"UPDATE platform.organizations SET plan = 'premium' WHERE id = '{subscriber.Organization.Organization.Id}'; SELECT 1::bigint");
        var (isAway, id) = (true, subscriber.Organization.Organization.Id);
        Stripe.FailNext(3, 500, request => isAway && request.Method == "POST" && request.Path.StartsWith("/v1/customers/cus_", StringComparison.Ordinal) && CustomerOf(id)?.Contains(request.Path.Split('/')[^1], StringComparison.Ordinal) == true);
        Assert.Equal("billing.provider_unavailable", await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).CodeAsync(HttpStatusCode.ServiceUnavailable));
        isAway = false;
        await (await subscriber.Admin.PatchAsJsonAsync("/organization", new { name = "Renamed meanwhile" })).OkAsync();
        await (await subscriber.Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).OkAsync();
        Assert.Equal(1, Stripe.Events.Count(e => e.Type == "customer.created" && e.Json.Contains(id, StringComparison.Ordinal)));
    }

    private string? CustomerOf(string organization) =>
        Stripe.Events.LastOrDefault(e => e.Type == "customer.created" && e.Json.Contains(organization, StringComparison.Ordinal))?.Json;

    private static async Task InOrderAsync(Func<Task> first, Func<Task> second)
    {
        await first();
        await second();
    }
}
