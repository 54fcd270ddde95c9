using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A node is killed in the middle of a payment: the state is right once another one runs.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledBillingTests(ApiFixture fixture)
{
    [Theory] // BILL-19, BILL-21
    [InlineData("between callback and sync")]
    [InlineData("between return and callback")]
    public async Task A_killed_node_loses_no_payment(string when)
    {
        await using var stripe = await TestStripe.StartAsync();
        var database = await fixture.Postgres.CreateDatabaseAsync();
        await using var quiet = new TestApp(database, fixture.Smtp, TestStripe.SettingsFor(stripe), Nodes.WithoutJobs);
        quiet.StartServer();
        var organization = await TestOrganization.CreateAsync(quiet, plan: "free");
        var access = (await organization.LoginAsync("admin")).GetProperty("access").GetString();
        await using var node = await ApiProcess.StartAsync(database, fixture.Smtp, TestStripe.SettingsFor(stripe));
        using var admin = Client(node, organization, access);
        var url = (await (await admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).OkAsync()).GetProperty("url").GetString()!;
        await Eventually.HoldsAsync(async () => await CountAsync(database, "SELECT count(*) FROM platform.work WHERE kind = 'billing'") == 0, "nothing is to be fetched");

        // From here on Stripe does not answer: whoever fetches hangs.
        TaskCompletionSource hung = new(), killed = new();
        stripe.Before = async request =>
        {
            if (request.Method == "GET")
            {
                hung.TrySetResult();
                await killed.Task;
            }
        };
        var session = url[(url.LastIndexOf('/') + 1)..];
        await stripe.PayCheckoutAsync(session);
        if (when == "between callback and sync")
        {
            var (body, signature) = stripe.Sign(stripe.Events.Last(e => e.Type == "customer.subscription.created"));
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var anybody = node.ClientFor(null);
            anybody.DefaultRequestHeaders.TryAddWithoutValidation("Stripe-Signature", signature);
            Assert.Equal(HttpStatusCode.OK, (await anybody.PostAsync("/billing/stripe/webhook", content)).StatusCode);
        }
        else
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/billing/return?checkout={session}")).StatusCode);
        }

        await hung.Task;
        await node.KillAsync();
        stripe.Before = null;
        killed.SetResult();
        Assert.Equal("free", await PlanAsync(database));

        await using var next = await ApiProcess.StartAsync(database, fixture.Smtp, TestStripe.SettingsFor(stripe));
        using var again = Client(next, organization, access);
        await Eventually.HoldsAsync(async () => (await (await again.GetAsync("/features")).OkAsync()).GetProperty("plan").GetString() == "premium", "the plan is premium");
        Assert.Equal(1, await CountAsync(database, "SELECT count(*) FROM billing.subscriptions"));
        Assert.Equal(1, (await organization.QueryAsync<long>("SELECT count(*) FROM outbox WHERE type = 'organization.plan_changed'"))[0]);
    }

    private static HttpClient Client(ApiProcess node, TestOrganization organization, string? access)
    {
        var client = node.ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", access);
        return client;
    }

    private static async Task<string> PlanAsync(TestDatabase database) => (await database.QueryAsync<string>("SELECT plan FROM platform.organizations"))[0];

    private static async Task<long> CountAsync(TestDatabase database, string sql) => (await database.QueryAsync<long>(sql))[0];
}
