using System.Globalization;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Objects;

/// <summary>A price, its product, and the plan that a subscription's item still repeats.</summary>
internal static class PriceObject
{
    public static JsonObject New(FakePrice price, long now, bool livemode) => new()
    {
        ["id"] = price.Id,
        ["object"] = "price",
        ["active"] = true,
        ["billing_scheme"] = "per_unit",
        ["created"] = now,
        ["currency"] = price.Currency,
        ["custom_unit_amount"] = null,
        ["livemode"] = livemode,
        ["lookup_key"] = price.LookupKey,
        ["metadata"] = new JsonObject(),
        ["nickname"] = null,
        ["product"] = price.ProductId,
        ["recurring"] = new JsonObject { ["interval"] = price.Interval, ["interval_count"] = 1L, ["meter"] = null, ["trial_period_days"] = null, ["usage_type"] = "licensed" },
        ["tax_behavior"] = "unspecified",
        ["tiers_mode"] = null,
        ["transform_quantity"] = null,
        ["type"] = "recurring",
        ["unit_amount"] = price.UnitAmount,
        ["unit_amount_decimal"] = price.UnitAmount.ToString(CultureInfo.InvariantCulture),
    };

    public static JsonObject Product(FakePrice price, long now, bool livemode) => new()
    {
        ["id"] = price.ProductId,
        ["object"] = "product",
        ["active"] = true,
        ["created"] = now,
        ["default_price"] = price.Id,
        ["description"] = null,
        ["images"] = new JsonArray(),
        ["livemode"] = livemode,
        ["marketing_features"] = new JsonArray(),
        ["metadata"] = new JsonObject(),
        ["name"] = price.ProductName,
        ["package_dimensions"] = null,
        ["shippable"] = null,
        ["statement_descriptor"] = null,
        ["tax_code"] = null,
        ["tax_details"] = null,
        ["type"] = "service",
        ["unit_label"] = null,
        ["updated"] = now,
        ["url"] = null,
    };

    public static JsonObject Plan(JsonObject price) => new()
    {
        ["id"] = price.Text("id"),
        ["object"] = "plan",
        ["active"] = true,
        ["amount"] = price.Number("unit_amount"),
        ["amount_decimal"] = price.Text("unit_amount_decimal"),
        ["billing_scheme"] = "per_unit",
        ["created"] = price.Number("created"),
        ["currency"] = price.Text("currency"),
        ["interval"] = price.Child("recurring").Text("interval"),
        ["interval_count"] = 1L,
        ["livemode"] = price.Flag("livemode"),
        ["metadata"] = new JsonObject(),
        ["meter"] = null,
        ["nickname"] = null,
        ["product"] = price.Text("product"),
        ["tiers_mode"] = null,
        ["transform_usage"] = null,
        ["trial_period_days"] = null,
        ["usage_type"] = "licensed",
    };
}
