using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>What becomes of a checkout.</summary>
internal sealed class Checkouts(FakeWorld world, Subscriptions subscriptions, Customers customers)
{
    public JsonObject Get(string id) => world.Get("checkout.session", id);

    /// <summary>The customer pays: one subscription, once.</summary>
    public void Pay(string id)
    {
        var session = Open(id);
        var order = world.State.Orders[id];
        var customer = session.TextOrNull("customer") is { } known
            ? customers.Living(known)
            : customers.Create(made => made["email"] = session.TextOrNull("customer_email"));
        var subscription = subscriptions.Start(customer.Text("id"), order);
        session["customer"] = customer.Text("id");
        session["subscription"] = subscription.Text("id");
        session["invoice"] = subscription.Text("latest_invoice");
        session["status"] = "complete";
        session["payment_status"] = session.Number("amount_total") == 0 ? "no_payment_required" : "paid";
        session["url"] = null;
        session["customer_details"] = new JsonObject
        {
            ["address"] = null,
            ["business_name"] = null,
            ["email"] = customer.TextOrNull("email"),
            ["individual_name"] = null,
            ["name"] = customer.TextOrNull("name"),
            ["phone"] = null,
            ["tax_exempt"] = "none",
            ["tax_ids"] = new JsonArray(),
        };
        world.Emit("checkout.session.completed", session);
    }

    /// <summary>The card is declined: the session stays open.</summary>
    public void Decline(string id) => Open(id);

    public JsonObject Expire(string id)
    {
        var session = Open(id);
        session["status"] = "expired";
        session["url"] = null;
        world.Emit("checkout.session.expired", session);
        return session;
    }

    private JsonObject Open(string id)
    {
        var session = Get(id);
        return session.Text("status") == "open" ? session : throw StripeError.Invalid($"The session is {session.Text("status")}; only an open one can be paid or expired.");
    }
}
