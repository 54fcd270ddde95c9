using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Objects;

/// <summary>A customer as it goes over the wire.</summary>
internal static class CustomerObject
{
    public static JsonObject New(long now, bool livemode) => new()
    {
        ["id"] = Ids.New("cus"),
        ["object"] = "customer",
        ["address"] = null,
        ["balance"] = 0L,
        ["created"] = now,
        ["currency"] = null,
        ["customer_account"] = null,
        ["default_source"] = null,
        ["delinquent"] = false,
        ["description"] = null,
        ["discount"] = null,
        ["email"] = null,
        ["invoice_prefix"] = Ids.Short(),
        ["invoice_settings"] = new JsonObject { ["custom_fields"] = null, ["default_payment_method"] = null, ["footer"] = null, ["rendering_options"] = null },
        ["livemode"] = livemode,
        ["metadata"] = new JsonObject(),
        ["name"] = null,
        ["next_invoice_sequence"] = 1L,
        ["phone"] = null,
        ["preferred_locales"] = new JsonArray(),
        ["shipping"] = null,
        ["tax_exempt"] = "none",
        ["test_clock"] = null,
    };

    public static JsonObject Deleted(string id) => new() { ["id"] = id, ["object"] = "customer", ["deleted"] = true };
}
