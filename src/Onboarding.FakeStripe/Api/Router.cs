using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>The part of the API that there is.</summary>
internal sealed class Router(FakeWorld world, Subscriptions subscriptions, Customers customers, Checkouts checkouts, SubscriptionRoutes changes)
{
    private readonly CustomerRoutes people = new(world, customers);
    private readonly CheckoutRoutes sessions = new(world, customers);
    private readonly EventRoutes events = new(world);
    private readonly InvoiceRoutes bills = new(world, subscriptions, changes);

    /// <summary>Answers with a copy; nothing where there is no such route.</summary>
    public JsonObject? Answer(string method, string path, Parameters parameters)
    {
        var answer = Route(method, path.Trim('/').Split('/'), parameters)?.Copy();
        foreach (var expand in parameters.Many("expand"))
        {
            Expansion.Expand(answer, expand.Split('.'), world.State.Find);
        }

        return answer;
    }

    private JsonObject? Route(string method, string[] path, Parameters parameters) => (method, path) switch
    {
        ("POST", ["v1", "customers"]) => people.Create(parameters),
        ("GET", ["v1", "customers"]) => people.List(parameters),
        ("GET", ["v1", "customers", var id]) => world.Get("customer", id),
        ("POST", ["v1", "customers", var id]) => people.Update(id, parameters),
        ("DELETE", ["v1", "customers", var id]) => customers.Delete(id),
        ("POST", ["v1", "billing_portal", "sessions"]) => people.Portal(parameters),
        ("GET", ["v1", "prices"]) => Pager.Page(Prices(parameters), parameters, "/v1/prices"),
        ("GET", ["v1", "prices", var id]) => world.Get("price", id, "price"),
        ("GET", ["v1", "products", var id]) => world.Get("product", id),
        ("POST", ["v1", "checkout", "sessions"]) => sessions.Create(parameters),
        ("GET", ["v1", "checkout", "sessions"]) => sessions.List(parameters),
        ("GET", ["v1", "checkout", "sessions", var id]) => checkouts.Get(id),
        ("POST", ["v1", "checkout", "sessions", var id, "expire"]) => checkouts.Expire(id),
        ("GET", ["v1", "subscriptions"]) => changes.List(parameters),
        ("GET", ["v1", "subscriptions", var id]) => subscriptions.Get(id),
        ("POST", ["v1", "subscriptions", var id]) => changes.Update(id, parameters),
        ("DELETE", ["v1", "subscriptions", var id]) => changes.Cancel(id),
        ("GET", ["v1", "invoices"]) => bills.List(parameters),
        ("POST", ["v1", "invoices", "create_preview"]) => bills.Preview(parameters),
        ("GET", ["v1", "invoices", var id]) => world.Get("invoice", id),
        ("GET", ["v1", "events"]) => events.List(parameters),
        ("GET", ["v1", "events", var id]) => events.Get(id),
        _ => null,
    };

    private IEnumerable<JsonObject> Prices(Parameters parameters)
    {
        var keys = parameters.Many("lookup_keys");
        return world.All("price").Where(one =>
            (keys.Count == 0 || keys.Contains(one.Text("lookup_key")))
            && (!parameters.Has("active") || one.Flag("active") == parameters.Flag("active"))
            && (parameters["product"] is not { } product || one.Text("product") == product));
    }
}
