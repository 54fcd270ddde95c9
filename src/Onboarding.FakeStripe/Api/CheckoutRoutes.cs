using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.State;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>Checkout sessions, as the API has them.</summary>
internal sealed class CheckoutRoutes(FakeWorld world, Customers customers)
{
    public JsonObject Create(Parameters parameters)
    {
        if (parameters.Required("mode") != "subscription")
        {
            throw StripeError.Invalid("This fake sells subscriptions only.", "mode");
        }

        var price = world.Get("price", parameters.Required("line_items[0][price]"), "line_items[0][price]");
        var order = new Order(
            price.Text("id"),
            parameters.Number("line_items[0][quantity]") ?? 1,
            parameters.Number("subscription_data[trial_period_days]") ?? 0,
            parameters.Map("subscription_data[metadata]").ToDictionary());
        var amount = order.TrialDays > 0 ? 0 : price.Number("unit_amount") * order.Quantity;
        var session = SessionObject.Checkout(amount, price.Text("currency"), world.Now, world.Livemode);
        var id = session.Text("id");
        session["customer"] = parameters["customer"] is { } customer ? customers.Living(customer).Text("id") : null;
        session["customer_email"] = parameters["customer_email"];
        session["client_reference_id"] = parameters["client_reference_id"];
        session["allow_promotion_codes"] = parameters.Has("allow_promotion_codes") ? parameters.Flag("allow_promotion_codes") : null;
        session["success_url"] = Url(parameters, "success_url");
        session["cancel_url"] = Url(parameters, "cancel_url");
        session["locale"] = parameters["locale"];
        session["expires_at"] = parameters.Number("expires_at") ?? session.Number("expires_at");
        session["url"] = $"{world.Address}/checkout/{id}";
        CustomerRoutes.Metadata(session, parameters);
        world.State.Add(session);
        world.State.Orders[id] = order;
        return session;
    }

    public JsonObject List(Parameters parameters) => Pager.Page(
        world.All("checkout.session").Where(one =>
            (parameters["customer"] is not { } customer || one.TextOrNull("customer") == customer)
            && (parameters["subscription"] is not { } subscription || one.TextOrNull("subscription") == subscription)
            && (parameters["status"] is not { } status || one.Text("status") == status)),
        parameters,
        "/v1/checkout/sessions");

    // The placeholder in it is no legal part of a URL; it is filled in when the customer returns.
    private static string? Url(Parameters parameters, string name)
    {
        var url = parameters[name];
        return url is null || (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https"))
            ? url
            : throw StripeError.Invalid("Not a valid URL", name, "url_invalid");
    }
}
