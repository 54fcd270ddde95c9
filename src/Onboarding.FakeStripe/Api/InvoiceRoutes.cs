using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>Invoices, as the API has them.</summary>
internal sealed class InvoiceRoutes(FakeWorld world, Subscriptions subscriptions, SubscriptionRoutes changes)
{
    public JsonObject List(Parameters parameters) => Pager.Page(
        world.All("invoice").Where(one =>
            (parameters["customer"] is not { } customer || one.Text("customer") == customer)
            && (parameters["subscription"] is not { } subscription || Invoices.SubscriptionOf(one) == subscription)
            && (parameters["status"] is not { } status || one.Text("status") == status)),
        parameters,
        "/v1/invoices");

    /// <summary>What a change would cost: what is billed at once, or with the next period.</summary>
    public JsonObject Preview(Parameters parameters)
    {
        var subscription = subscriptions.Get(parameters.Required("subscription"));
        var customer = world.Get("customer", subscription.Text("customer"), "customer");
        if (parameters["customer"] is { } claimed && claimed != customer.Text("id"))
        {
            throw StripeError.Invalid("The subscription belongs to another customer.", "customer");
        }

        var behavior = parameters["subscription_details[proration_behavior]"] ?? "create_prorations";
        var (price, quantity) = parameters.Map("subscription_details[items][0]").Any()
            ? changes.Wanted(subscription, parameters, "subscription_details[items][0]")
            : (Periods.Item(subscription).Child("price"), Periods.Item(subscription).Number("quantity"));
        var moment = parameters.Number("subscription_details[proration_date]") ?? world.Now;
        var lines = behavior == "none" ? [] : Prorations.Of(world, subscription, price, quantity, moment);
        var period = Periods.Of(Periods.Item(subscription));
        if (behavior != "always_invoice" && !Prorations.Resets(Periods.Item(subscription).Child("price"), price))
        {
            var next = (period.End, Periods.Next(period.End, price));
            lines = [.. world.State.Pending.GetValueOrDefault(subscription.Text("id")) ?? [], .. lines, Prorations.Whole(world, subscription, price, quantity, next)];
        }

        var invoice = InvoiceObject.New(customer, subscription, [.. lines.Select(Json.Copy)], "upcoming", period, moment);
        invoice["ending_balance"] = Math.Min(0, invoice.Number("starting_balance") + invoice.Number("total"));
        return invoice;
    }
}
