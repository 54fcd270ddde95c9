using System.Globalization;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>What is billed, and whether the card pays.</summary>
internal sealed class Invoices(FakeWorld world)
{
    private const int RetryAfterDays = 3;
    private const int MaxAttempts = 4;

    /// <summary>Makes an invoice and tries the card; answers the invoice.</summary>
    public JsonObject Bill(JsonObject subscription, IReadOnlyList<JsonObject> lines, string reason, (long Start, long End) period, bool paid)
    {
        var customer = world.Get("customer", subscription.Text("customer"));
        var invoice = InvoiceObject.New(customer, subscription, lines, reason, period, world.Now);
        world.State.Add(invoice);
        world.Emit("invoice.created", invoice);
        Finalize(invoice, customer);
        subscription["latest_invoice"] = invoice.Text("id");
        if (paid || invoice.Number("amount_due") == 0)
        {
            Pay(invoice);
        }
        else
        {
            Fail(invoice);
        }

        return invoice;
    }

    /// <summary>What is still to be paid of a subscription, newest first.</summary>
    public IReadOnlyList<JsonObject> Open(string subscription) => [.. Of(subscription).Where(invoice => invoice.Text("status") == "open")];

    public IEnumerable<JsonObject> Of(string subscription) => world.All("invoice").Where(invoice => SubscriptionOf(invoice) == subscription);

    public static string SubscriptionOf(JsonObject invoice) => invoice.Child("parent").Child("subscription_details").Text("subscription");

    public void Pay(JsonObject invoice)
    {
        var due = invoice.Number("amount_due");
        invoice["amount_paid"] = due;
        invoice["amount_remaining"] = 0L;
        invoice["attempted"] = true;
        invoice["attempt_count"] = due == 0 ? 0L : invoice.Number("attempt_count") + 1;
        invoice["next_payment_attempt"] = null;
        invoice["auto_advance"] = false;
        invoice["status"] = "paid";
        invoice.Child("status_transitions")["paid_at"] = world.Now;
        world.Emit("invoice.paid", invoice);
        world.Emit("invoice.payment_succeeded", invoice);
    }

    /// <summary>The card is declined, for the first time or again.</summary>
    public void Fail(JsonObject invoice)
    {
        var attempts = invoice.Number("attempt_count") + 1;
        invoice["attempted"] = true;
        invoice["attempt_count"] = attempts;
        invoice["next_payment_attempt"] = attempts < MaxAttempts ? world.Now + (RetryAfterDays * 86_400L) : null;
        world.Emit("invoice.payment_failed", invoice);
    }

    public void Void(JsonObject invoice)
    {
        invoice["status"] = "void";
        invoice["next_payment_attempt"] = null;
        invoice["auto_advance"] = false;
        invoice.Child("status_transitions")["voided_at"] = world.Now;
        world.Emit("invoice.voided", invoice);
    }

    /// <summary>No more attempts; the debt stays.</summary>
    public static void Stop(JsonObject invoice)
    {
        invoice["next_payment_attempt"] = null;
        invoice["auto_advance"] = false;
    }

    private void Finalize(JsonObject invoice, JsonObject customer)
    {
        var balance = Math.Min(0, invoice.Number("starting_balance") + invoice.Number("total"));
        var number = customer.Number("next_invoice_sequence");
        var url = $"{world.Address}/portal/{customer.Text("id")}#{invoice.Text("id")}";
        invoice["number"] = $"{customer.Text("invoice_prefix")}-{number.ToString("0000", CultureInfo.InvariantCulture)}";
        invoice["status"] = "open";
        invoice["effective_at"] = world.Now;
        invoice["ending_balance"] = balance;
        invoice["hosted_invoice_url"] = url;
        invoice["invoice_pdf"] = url;
        invoice.Child("status_transitions")["finalized_at"] = world.Now;
        customer["next_invoice_sequence"] = number + 1;
        world.Change(customer, "customer.updated", () => customer["balance"] = balance);
        world.Emit("invoice.finalized", invoice);
    }
}
