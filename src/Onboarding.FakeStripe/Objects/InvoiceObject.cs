using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Objects;

/// <summary>An invoice of a subscription, as a draft.</summary>
internal static class InvoiceObject
{
    public static JsonObject New(JsonObject customer, JsonObject subscription, IReadOnlyList<JsonObject> lines, string reason, (long Start, long End) period, long now)
    {
        var id = Ids.New("in");
        var total = lines.Sum(line => line.Number("amount"));
        var balance = customer.Number("balance");
        var due = Math.Max(0, total + balance);
        foreach (var line in lines)
        {
            line["invoice"] = id;
        }

        return new()
        {
            ["id"] = id,
            ["object"] = "invoice",
            ["account_country"] = "DE",
            ["account_name"] = "Fake",
            ["account_tax_ids"] = null,
            ["amount_due"] = due,
            ["amount_overpaid"] = 0L,
            ["amount_paid"] = 0L,
            ["amount_remaining"] = due,
            ["amount_shipping"] = 0L,
            ["application"] = null,
            ["attempt_count"] = 0L,
            ["attempted"] = false,
            ["auto_advance"] = true,
            ["automatic_tax"] = new JsonObject { ["disabled_reason"] = null, ["enabled"] = false, ["liability"] = null, ["provider"] = null, ["status"] = null },
            ["automatically_finalizes_at"] = null,
            ["billing_reason"] = reason,
            ["collection_method"] = "charge_automatically",
            ["created"] = now,
            ["currency"] = subscription.Text("currency"),
            ["custom_fields"] = null,
            ["customer"] = customer.Text("id"),
            ["customer_account"] = null,
            ["customer_address"] = null,
            ["customer_email"] = customer.TextOrNull("email"),
            ["customer_name"] = customer.TextOrNull("name"),
            ["customer_phone"] = null,
            ["customer_shipping"] = null,
            ["customer_tax_exempt"] = "none",
            ["customer_tax_ids"] = new JsonArray(),
            ["default_payment_method"] = null,
            ["default_source"] = null,
            ["default_tax_rates"] = new JsonArray(),
            ["description"] = null,
            ["discounts"] = new JsonArray(),
            ["due_date"] = null,
            ["effective_at"] = null,
            ["ending_balance"] = null,
            ["footer"] = null,
            ["from_invoice"] = null,
            ["hosted_invoice_url"] = null,
            ["invoice_pdf"] = null,
            ["issuer"] = new JsonObject { ["type"] = "self" },
            ["last_finalization_error"] = null,
            ["latest_revision"] = null,
            ["lines"] = Json.List(lines, $"/v1/invoices/{id}/lines"),
            ["livemode"] = subscription.Flag("livemode"),
            ["metadata"] = new JsonObject(),
            ["next_payment_attempt"] = null,
            ["number"] = null,
            ["on_behalf_of"] = null,
            ["parent"] = Parent(subscription),
            ["payment_settings"] = new JsonObject { ["default_mandate"] = null, ["payment_method_options"] = null, ["payment_method_types"] = null },
            ["period_end"] = period.End,
            ["period_start"] = period.Start,
            ["post_payment_credit_notes_amount"] = 0L,
            ["pre_payment_credit_notes_amount"] = 0L,
            ["receipt_number"] = null,
            ["rendering"] = null,
            ["shipping_cost"] = null,
            ["shipping_details"] = null,
            ["starting_balance"] = balance,
            ["statement_descriptor"] = null,
            ["status"] = "draft",
            ["status_transitions"] = new JsonObject { ["finalized_at"] = null, ["marked_uncollectible_at"] = null, ["paid_at"] = null, ["voided_at"] = null },
            ["subtotal"] = total,
            ["subtotal_excluding_tax"] = total,
            ["test_clock"] = null,
            ["total"] = total,
            ["total_discount_amounts"] = new JsonArray(),
            ["total_excluding_tax"] = total,
            ["total_pretax_credit_amounts"] = new JsonArray(),
            ["total_taxes"] = new JsonArray(),
            ["webhooks_delivered_at"] = null,
        };
    }

    private static JsonObject Parent(JsonObject subscription) => new()
    {
        ["quote_details"] = null,
        ["subscription_details"] = new JsonObject { ["metadata"] = subscription.Child("metadata").Copy(), ["subscription"] = subscription.Text("id") },
        ["type"] = "subscription_details",
    };
}
