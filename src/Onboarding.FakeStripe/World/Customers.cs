using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>Customers, and what goes with one that is deleted.</summary>
internal sealed class Customers(FakeWorld world, Subscriptions subscriptions)
{
    public JsonObject Create(Action<JsonObject> fill)
    {
        var customer = CustomerObject.New(world.Now, world.Livemode);
        fill(customer);
        world.State.Add(customer);
        world.Emit("customer.created", customer);
        return customer;
    }

    /// <summary>One that is still there.</summary>
    public JsonObject Living(string? id, string param = "customer")
    {
        var customer = world.Get("customer", id, param);
        return customer.Flag("deleted") ? throw StripeError.Missing("customer", id!, param) : customer;
    }

    public JsonObject Delete(string id)
    {
        var customer = Living(id, "id");
        foreach (var subscription in Of(id).Where(one => one.Text("status") is not ("canceled" or "incomplete_expired")).ToList())
        {
            subscriptions.Cancel(subscription);
        }

        world.Emit("customer.deleted", customer);
        var deleted = CustomerObject.Deleted(id);
        world.State.Replace(deleted);
        return deleted;
    }

    public IEnumerable<JsonObject> Of(string customer) => world.All("subscription").Where(one => one.Text("customer") == customer);
}
