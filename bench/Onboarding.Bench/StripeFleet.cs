using System.Net.Http.Headers;
using Npgsql;
using Onboarding.FakeStripe;
using Onboarding.Testing;

namespace Onboarding.Bench;

/// <summary>An organization of the fleet that is a customer of the fake Stripe.</summary>
/// <param name="Token">An access token of its admin.</param>
/// <param name="Updated">An event about it, as Stripe writes it, to be sent under other ids.</param>
internal sealed record StripeCustomer(BenchOrganization Organization, string Id, string Token, FakeEvent Updated)
{
    /// <summary>The subscription that it pays for; null while it has none.</summary>
    public string? Subscription { get; set; }

    /// <summary>The plan that follows from that.</summary>
    public string Plan => Subscription is null ? "free" : "premium";
}

/// <summary>A Stripe in this process, and organizations of the fleet as its customers, every second of which pays.</summary>
internal sealed class StripeFleet : IAsyncDisposable
{
    private const string Webhook = "/billing/stripe/webhook";
    private const string Header = "Stripe-Signature";

    // What following customers writes. A server in production vacuums while it runs.
    private const string Tables = "platform.work, platform.organizations, billing.customers, billing.subscriptions, billing.invoices, billing.callbacks";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly BenchEnvironment environment;
    private readonly FakeStripe.FakeStripe stripe;
    private readonly List<StripeCustomer> customers = [];

    private StripeFleet(BenchEnvironment environment, FakeStripe.FakeStripe stripe, ApiProcess api) => (this.environment, this.stripe, Api) = (environment, stripe, api);

    /// <summary>The product that follows them.</summary>
    public ApiProcess Api { get; }

    public IReadOnlyList<StripeCustomer> Customers => customers;

    /// <summary>Starts both, with the first so many organizations on the smaller plan and linked; nothing is fetched yet.</summary>
    public static async Task<StripeFleet> StartAsync(BenchEnvironment environment, int count)
    {
        var organizations = await environment.FleetAsync(count);
        await environment.ExecuteAsync("UPDATE platform.organizations SET plan = 'free'");
        var stripe = await TestStripe.StartAsync();
        var fleet = new StripeFleet(environment, stripe, await environment.StartApiAsync(TestStripe.SettingsFor(stripe)));
        try
        {
            foreach (var organization in organizations)
            {
                fleet.customers.Add(await fleet.JoinAsync(organization, pays: fleet.customers.Count % 2 == 0));
            }

            await fleet.LinkAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>The request that tells again of a customer: another event with what the first said.</summary>
    public byte[] Tell(StripeCustomer customer)
    {
        var id = $"evt_{Guid.CreateVersion7():N}";
        var e = customer.Updated with { Id = id, Json = customer.Updated.Json.Replace(customer.Updated.Id, id, StringComparison.Ordinal) };
        return BenchLoad.Request("POST", Webhook, "localhost", json: e.Json, header: $"{Header}: {stripe.Sign(e).Signature}");
    }

    /// <summary>At Stripe a customer's subscription ends, or a new one begins; the request that tells of it. One at a time.</summary>
    public async Task<HttpRequestMessage> ChangeAsync(StripeCustomer customer)
    {
        if (customer.Subscription is { } subscription)
        {
            await stripe.CancelAsync(subscription);
            customer.Subscription = null;
        }
        else
        {
            customer.Subscription = await SubscribeAsync(customer.Id, customer.Organization);
        }

        var (body, signature) = stripe.Sign(Last("customer.subscription."));
        return new(HttpMethod.Post, Webhook)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" } } },
            Headers = { { Header, signature } },
        };
    }

    /// <summary>Waits until all that was told is followed, and clears away after it.</summary>
    public async Task SettleAsync()
    {
        await using (var left = environment.Postgres.CreateCommand("SELECT count(*) FROM platform.work WHERE kind IN ('billing', 'event')"))
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    await Task.Delay(50);
                    return (long)(await left.ExecuteScalarAsync())! == 0;
                },
                "all callbacks are followed",
                Patience);
        }

        await environment.ExecuteAsync($"VACUUM (ANALYZE) {Tables}");
    }

    /// <summary>Fails where an organization has another plan than it pays for.</summary>
    public async Task CheckAsync()
    {
        await using var command = environment.Postgres.CreateCommand("SELECT count(*) FROM unnest($1, $2) AS expected (id, plan) JOIN platform.organizations o ON o.id = expected.id AND o.plan = expected.plan");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. customers.Select(customer => customer.Organization.Organization.Key)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. customers.Select(customer => customer.Plan)] });
        if ((long)(await command.ExecuteScalarAsync())! is var right && right != customers.Count)
        {
            throw new InvalidOperationException($"{customers.Count - right} of {customers.Count} organizations have another plan than they pay for.");
        }
    }

    /// <summary>Stops both, and leaves the fleet as it was.</summary>
    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await stripe.DisposeAsync();
        await environment.ExecuteAsync("""
            TRUNCATE billing.customers CASCADE;
            DELETE FROM platform.work WHERE kind = 'billing';
            UPDATE platform.organizations SET plan = 'premium';
            """);
    }

    private async Task<StripeCustomer> JoinAsync(BenchOrganization organization, bool pays)
    {
        var id = await stripe.CreateCustomerAsync(organization.Organization.Name, organization.Admin.Email);
        var subscription = await SubscribeAsync(id, organization);
        await stripe.UpdateMetadataAsync(subscription, "note", "told by the benchmark");
        var customer = new StripeCustomer(organization, id, environment.TokenOf(organization), Last("customer.subscription.updated"));
        if (pays)
        {
            customer.Subscription = subscription;
        }
        else
        {
            await stripe.CancelAsync(subscription);
        }

        return customer;
    }

    /// <summary>As many seats as are taken, so that nothing is to be changed at Stripe.</summary>
    private Task<string> SubscribeAsync(string customer, BenchOrganization organization) => stripe.CreateSubscriptionAsync(
        customer, TestStripe.Monthly, metadata: new Dictionary<string, string> { ["organization_id"] = organization.Organization.Id });

    private FakeEvent Last(string type) => stripe.Events.Last(e => e.Type.StartsWith(type, StringComparison.Ordinal));

    private async Task LinkAsync()
    {
        await using var command = environment.Postgres.CreateCommand("""
            INSERT INTO billing.customers (id, organization_id, provider, external_id, created_at, fetches_begun, fetch_applied, failures)
            SELECT gen_random_uuid(), organization_id, 'stripe', external_id, now(), 0, 0, 0 FROM unnest($1, $2) AS link (organization_id, external_id)
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. customers.Select(customer => customer.Organization.Organization.Key)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. customers.Select(customer => customer.Id)] });
        await command.ExecuteNonQueryAsync();
    }
}
