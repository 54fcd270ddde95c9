using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

/// <summary>What an operator sees of billing, and mends.</summary>
public sealed class BillingCommandsTests(ApiFixture fixture)
{
    [Fact] // BILL-10, BILL-20
    public async Task An_operator_links_replays_reconciles_and_settles()
    {
        await using var stripe = await TestStripe.StartAsync();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, TestStripe.SettingsFor(stripe));
        app.StartServer();
        await using var subscriber = await Features.Billing.Subscriber.CreateAsync(app, stripe);
        var identifier = subscriber.Organization.Identifier;
        var customer = await stripe.CreateCustomerAsync("Made by hand");
        var subscription = await stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 2);
        var e = stripe.Events.Last(one => one.Type == "customer.subscription.created");
        (await subscriber.DeliverAsync(e)).EnsureSuccessStatusCode();

        // More of them where the hourly job, which fetches what was not delivered, comes in between.
        await RequireAsync("billing status", 0, " callbacks unmatched");
        await RequireAsync("billing callbacks --state unmatched", 0, e.Id);
        await RequireAsync($"billing replay {e.Id}", 1, "nobody");
        await RequireAsync("billing link nobody-at-all cus_1", 1, "no such organization");
        await RequireAsync($"billing link {identifier} {customer}", 0, "Linked");
        await subscriber.HasPlanAsync("premium");
        await RequireAsync($"billing link {identifier} cus_of_nobody", 1, "no such customer");
        await RequireAsync($"billing link {identifier} {await stripe.CreateCustomerAsync("Another")}", 1, "already");

        // Nothing is told of this one.
        await subscriber.SettledAsync();
        await stripe.CancelAsync(subscription);
        await RequireAsync("billing reconcile", 0, "1 had drifted");
        await subscriber.HasPlanAsync("free");
        await RequireAsync($"billing replay {e.Id}", 0, "looked at again");

        Assert.False(await subscriber.MayDefineRolesAsync());
        await RequireAsync($"billing settle {identifier} --feature custom_roles=on --quota seats=50", 0, "custom_roles on, seats 50");
        await Eventually.HoldsAsync(subscriber.MayDefineRolesAsync, "the feature is on");
        await RequireAsync($"billing settle {identifier} --feature custom_roles=plan --quota seats=plan", 0, "nothing");
        await Eventually.HoldsAsync(async () => !await subscriber.MayDefineRolesAsync(), "the feature is off");
        await RequireAsync($"billing settle {identifier} --feature unheard_of=on", 1, "no feature");
        await RequireAsync($"billing settle {identifier} --quota seats=many", 1, "no quota");
        await RequireAsync("organizations create wayne --plan gold --admin-email bruce@wayne.test", 1, "no plan gold");

        // Whoever is still charged is not deleted; with the organization goes what is known of its billing.
        await stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 2);
        await RequireAsync("billing reconcile", 0, "looked at");
        await RequireAsync($"organizations delete {identifier} --yes", 1, "living subscription");
        await stripe.DeleteCustomerAsync(customer);
        await RequireAsync("billing reconcile", 0, "looked at");
        await RequireAsync($"organizations delete {identifier} --yes --now", 0, "gone");
        Assert.Equal(0, (await subscriber.SharedAsync<long>("SELECT (SELECT count(*) FROM billing.customers) + (SELECT count(*) FROM billing.subscriptions) + (SELECT count(*) FROM billing.invoices) + (SELECT count(*) FROM billing.trials) + (SELECT count(*) FROM billing.callbacks WHERE customer_id IS NOT NULL)"))[0]);

        async Task RequireAsync(string command, int exitCode, string says)
        {
            var settings = TestApp.SettingsFor(app.Database, fixture.Smtp);
            foreach (var (key, value) in TestStripe.SettingsFor(stripe))
            {
                settings[key] = value;
            }

            var result = await ProductCommands.RunAsync(settings, command.Split(' '));
            Assert.Equal((command, exitCode, ""), (command, result.ExitCode, exitCode == 0 ? result.Error.Trim() : ""));
            Assert.Contains(says, exitCode == 0 ? result.Output : result.Error, StringComparison.Ordinal);
        }
    }
}
