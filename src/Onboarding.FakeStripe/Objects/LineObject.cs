using System.Globalization;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Objects;

/// <summary>A line of an invoice: a period of a subscription, or a part of one after a change.</summary>
internal static class LineObject
{
    public static JsonObject New(JsonObject subscription, JsonObject item, JsonObject price, long quantity, long amount, string description, (long Start, long End) period, bool proration) => new()
    {
        ["id"] = Ids.New("il"),
        ["object"] = "line_item",
        ["amount"] = amount,
        ["currency"] = price.Text("currency"),
        ["description"] = description,
        ["discount_amounts"] = new JsonArray(),
        ["discountable"] = !proration,
        ["discounts"] = new JsonArray(),
        ["invoice"] = null,
        ["livemode"] = price.Flag("livemode"),
        ["metadata"] = subscription.Child("metadata").Copy(),
        ["parent"] = new JsonObject
        {
            ["invoice_item_details"] = null,
            ["subscription_item_details"] = new JsonObject
            {
                ["invoice_item"] = proration ? Ids.New("ii") : null,
                ["proration"] = proration,
                ["proration_details"] = new JsonObject { ["credited_items"] = null },
                ["subscription"] = subscription.Text("id"),
                ["subscription_item"] = item.Text("id"),
            },
            ["type"] = "subscription_item_details",
        },
        ["period"] = new JsonObject { ["end"] = period.End, ["start"] = period.Start },
        ["pretax_credit_amounts"] = new JsonArray(),
        ["pricing"] = new JsonObject
        {
            ["price_details"] = new JsonObject { ["price"] = price.Text("id"), ["product"] = price.Text("product") },
            ["type"] = "price_details",
            ["unit_amount_decimal"] = price.Text("unit_amount_decimal"),
        },
        ["quantity"] = quantity,
        ["quantity_decimal"] = quantity.ToString(CultureInfo.InvariantCulture),
        ["subscription"] = subscription.Text("id"),
        ["subtotal"] = amount,
        ["taxes"] = new JsonArray(),
    };
}
