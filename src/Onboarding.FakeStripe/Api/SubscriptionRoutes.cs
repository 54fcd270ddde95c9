using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>Subscriptions, as the API has them.</summary>
internal sealed class SubscriptionRoutes(FakeWorld world, Subscriptions subscriptions)
{
    public JsonObject List(Parameters parameters) => Pager.Page(
        world.All("subscription").Where(one =>
            (parameters["customer"] is not { } customer || one.Text("customer") == customer)
            && (parameters["price"] is not { } price || Periods.Item(one).Child("price").Text("id") == price)
            && IsWanted(one.Text("status"), parameters["status"])),
        parameters,
        "/v1/subscriptions");

    public JsonObject Update(string id, Parameters parameters)
    {
        var subscription = subscriptions.Get(id);
        if (subscription.Text("status") is "canceled" or "incomplete_expired")
        {
            throw StripeError.Invalid("A canceled subscription can only update its cancellation_details and metadata.");
        }

        if (parameters["trial_end"] is { } end)
        {
            EndTrial(subscription, end);
        }

        world.Change(subscription, "customer.subscription.updated", () =>
        {
            if (parameters.Map("items[0]").Any())
            {
                SetItem(subscription, parameters);
            }

            if (parameters.Has("cancel_at_period_end") && parameters.Flag("cancel_at_period_end") != subscription.Flag("cancel_at_period_end"))
            {
                subscriptions.SetCancelAtEnd(subscription, parameters.Flag("cancel_at_period_end"));
            }

            CustomerRoutes.Metadata(subscription, parameters);
        });
        return subscription;
    }

    public JsonObject Cancel(string id)
    {
        var subscription = subscriptions.Get(id);
        subscriptions.Cancel(subscription);
        return subscription;
    }

    /// <summary>The price and quantity that a change asks for; what it leaves out stays.</summary>
    public (JsonObject Price, long Quantity) Wanted(JsonObject subscription, Parameters parameters, string prefix)
    {
        var item = Periods.Item(subscription);
        if (parameters[$"{prefix}[id]"] is not { } id || id != item.Text("id"))
        {
            throw StripeError.Invalid("This fake's subscriptions have one item: name its id.", $"{prefix}[id]");
        }

        var price = parameters[$"{prefix}[price]"] is { } wanted ? world.Get("price", wanted, $"{prefix}[price]") : item.Child("price");
        return (price, parameters.Number($"{prefix}[quantity]") ?? item.Number("quantity"));
    }

    private void SetItem(JsonObject subscription, Parameters parameters)
    {
        var (price, quantity) = Wanted(subscription, parameters, "items[0]");
        subscriptions.SetItem(subscription, price, quantity, parameters["proration_behavior"] ?? "create_prorations", parameters.Number("proration_date") ?? world.Now);
    }

    private void EndTrial(JsonObject subscription, string end)
    {
        if (end != "now")
        {
            throw StripeError.Invalid("This fake ends a trial now or not at all.", "trial_end");
        }

        subscriptions.EndTrial(subscription, !world.State.Failing.Contains(subscription.Text("id")));
    }

    private static bool IsWanted(string status, string? wanted) => wanted switch
    {
        null => status is not "canceled",
        "all" => true,
        "ended" => status is "canceled" or "incomplete_expired",
        _ => status == wanted,
    };
}
