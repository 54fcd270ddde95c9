using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.FakeStripe;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>An organization, its admin and its Stripe: what tests of billing do with them.</summary>
internal sealed class Subscriber : IAsyncDisposable
{
    private Subscriber(TestOrganization organization, FakeStripe.FakeStripe stripe, HttpClient admin) => (Organization, Stripe, Admin) = (organization, stripe, admin);

    public TestOrganization Organization { get; }

    public FakeStripe.FakeStripe Stripe { get; }

    public HttpClient Admin { get; }

    public TestApp App => Organization.App;

    /// <summary>An organization that has never paid.</summary>
    public static async Task<Subscriber> CreateAsync(TestApp app, FakeStripe.FakeStripe stripe)
    {
        var organization = await TestOrganization.CreateAsync(app, plan: "free");
        return new(organization, stripe, await organization.SignInAsync());
    }

    /// <summary>The same organization with a new session.</summary>
    public async Task<Subscriber> SignInAgainAsync() => new(Organization, Stripe, await Organization.SignInAsync());

    /// <summary>Opens a checkout and answers the session's id.</summary>
    public async Task<string> CheckOutAsync(string interval = "month")
    {
        await (await Admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium", interval })).OkAsync();
        return (await SharedAsync<string>($"SELECT external_id FROM billing.checkouts WHERE organization_id = '{Organization.Organization.Id}' AND closed_at IS NULL")).Single();
    }

    /// <summary>A subscription in any status, made at Stripe; callbacks are not sent, and what the checkout itself has fetched comes before it.</summary>
    /// <param name="isFetched">Whether somebody fetches: a product with jobs that knows this Stripe.</param>
    public async Task<string> SubscribeAsync(string status = "active", string lookupKey = TestStripe.Monthly, bool isFetched = true)
    {
        await CheckOutAsync();
        if (isFetched)
        {
            await SettledAsync();
        }

        var customer = await CustomerAsync();
        var seats = await Organization.QueryAsync<long>("SELECT count(*) FROM members WHERE status IN ('approved', 'active')");
        return await Stripe.CreateSubscriptionAsync(customer, lookupKey, status, trialDays: status == "trialing" ? 14 : 0, quantity: seats[0], metadata: null);
    }

    /// <summary>Stripe's id of the organization's customer.</summary>
    public async Task<string> CustomerAsync() =>
        (await SharedAsync<string>($"SELECT external_id FROM billing.customers WHERE organization_id = '{Organization.Organization.Id}' AND deleted_at IS NULL")).Single();

    /// <summary>What Stripe has told of this customer, oldest first.</summary>
    public async Task<IReadOnlyList<FakeEvent>> EventsAsync()
    {
        var customer = await CustomerAsync();
        return [.. Stripe.Events.Where(e => e.Json.Contains(customer, StringComparison.Ordinal))];
    }

    /// <summary>Sends everything that was not sent yet.</summary>
    public async Task DeliverAsync()
    {
        foreach (var e in await EventsAsync())
        {
            (await DeliverAsync(e)).EnsureSuccessStatusCode();
        }
    }

    /// <summary>Sends one callback.</summary>
    public Task<HttpResponseMessage> DeliverAsync(FakeEvent e) => DeliverAsync(App, Stripe, e);

    public static Task<HttpResponseMessage> DeliverAsync(TestApp app, FakeStripe.FakeStripe stripe, FakeEvent e)
    {
        var (body, signature) = stripe.Sign(e);
        return PostAsync(app, body, signature);
    }

    /// <summary>Posts to the callback's address.</summary>
    public static async Task<HttpResponseMessage> PostAsync(TestApp app, byte[] body, params string[] signatures)
    {
        using var client = app.ClientFor(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/billing/stripe/webhook") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var signature in signatures)
        {
            request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        }

        return await client.SendAsync(request);
    }

    /// <summary>Waits for the plan; answers how long it took.</summary>
    public Task<TimeSpan> HasPlanAsync(string plan) => Eventually.HoldsAsync(async () => await PlanAsync() == plan, $"the plan is {plan}");

    /// <summary>The plan as the API says it.</summary>
    public async Task<string> PlanAsync() => (await (await Admin.GetAsync("/features")).OkAsync()).GetProperty("plan").GetString()!;

    /// <summary>The subscription as the API says it.</summary>
    public async Task<JsonElement> SubscriptionAsync() => await (await Admin.GetAsync("/billing/subscription")).OkAsync();

    public Task<TimeSpan> HasPhaseAsync(string phase) =>
        Eventually.HoldsAsync(async () => (await SubscriptionAsync()).GetProperty("phase").GetString() == phase, $"the phase is {phase}");

    /// <summary>Waits until nothing of this organization is to be fetched.</summary>
    public Task SettledAsync() => Eventually.HoldsAsync(
        async () => (await SharedAsync<long>($"SELECT count(*) FROM platform.work WHERE organization_id = '{Organization.Organization.Id}' AND kind IN ('billing', 'event') AND due_at < now() + interval '1 hour'"))[0] == 0,
        "nothing is to be fetched");

    /// <summary>Whether a gated route is open: one that only the larger plan has.</summary>
    public async Task<bool> MayDefineRolesAsync() =>
        (await Admin.PostAsJsonAsync("/roles", new { name = $"role-{Path.GetRandomFileName()[..8].ToLowerInvariant()}", permissions = Array.Empty<string>() })).StatusCode == HttpStatusCode.Created;

    /// <summary>Runs SQL as the owner; answers the first column of all rows.</summary>
    public Task<IReadOnlyList<T>> SharedAsync<T>(string sql) => SharedAsync<T>(App, sql);

    public static Task<IReadOnlyList<T>> SharedAsync<T>(TestApp app, string sql) => app.Database.QueryAsync<T>(sql);

    /// <summary>How often the organization's systems were told of something.</summary>
    public async Task<long> ToldAsync(string type) => (await Organization.QueryAsync<long>($"SELECT count(*) FROM outbox WHERE type = '{type}'"))[0];

    public ValueTask DisposeAsync()
    {
        Admin.Dispose();
        return ValueTask.CompletedTask;
    }
}
