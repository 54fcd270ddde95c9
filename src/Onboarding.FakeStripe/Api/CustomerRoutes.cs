using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>Customers and the portal, as the API has them.</summary>
internal sealed class CustomerRoutes(FakeWorld world, Customers customers)
{
    private static readonly string[] Texts = ["name", "email", "description", "phone"];

    public JsonObject Create(Parameters parameters) => customers.Create(customer => Fill(customer, parameters));

    public JsonObject Update(string id, Parameters parameters)
    {
        var customer = customers.Living(id, "id");
        world.Change(customer, "customer.updated", () => Fill(customer, parameters));
        return customer;
    }

    public JsonObject List(Parameters parameters) => Pager.Page(
        world.All("customer").Where(one => !one.Flag("deleted") && (parameters["email"] is not { } email || one.TextOrNull("email") == email)),
        parameters,
        "/v1/customers");

    public JsonObject Portal(Parameters parameters)
    {
        var customer = customers.Living(parameters.Required("customer"));
        var session = SessionObject.Portal(customer.Text("id"), parameters["return_url"], world.Address, world.Now, world.Livemode);
        world.State.Add(session);
        return session;
    }

    /// <summary>An empty value takes a key away, as at Stripe.</summary>
    public static void Metadata(JsonObject thing, Parameters parameters)
    {
        foreach (var (key, value) in parameters.Map("metadata"))
        {
            if (value.Length == 0)
            {
                thing.Child("metadata").Remove(key);
            }
            else
            {
                thing.Child("metadata")[key] = value;
            }
        }
    }

    private static void Fill(JsonObject customer, Parameters parameters)
    {
        foreach (var name in Texts.Where(parameters.Has))
        {
            customer[name] = parameters[name] is { Length: > 0 } text ? text : null;
        }

        Metadata(customer, parameters);
    }
}
