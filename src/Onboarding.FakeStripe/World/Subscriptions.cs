using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.State;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>How subscriptions begin, change and end.</summary>
internal sealed class Subscriptions(FakeWorld world, Invoices invoices)
{
    private const string Updated = "customer.subscription.updated";

    /// <summary>Begins one: in a trial, paid, or waiting for its first payment.</summary>
    public JsonObject Start(string customer, Order order, bool paid = true)
    {
        var now = world.Now;
        var price = world.Get("price", order.PriceId, "price");
        var isTrial = order.TrialDays > 0;
        var period = (now, isTrial ? now + (order.TrialDays * 86_400) : Periods.Next(now, price));
        var subscription = SubscriptionObject.New(customer, price, order.Quantity, period, now);
        foreach (var (key, value) in order.Metadata)
        {
            subscription.Child("metadata")[key] = value;
        }

        if (isTrial)
        {
            subscription["trial_start"] = now;
            subscription["trial_end"] = period.Item2;
            subscription["billing_cycle_anchor"] = period.Item2;
        }

        subscription["status"] = isTrial ? "trialing" : paid ? "active" : "incomplete";
        world.State.Add(subscription);
        var line = Prorations.Whole(world, subscription, price, order.Quantity, period);
        if (isTrial)
        {
            line["amount"] = 0L;
            line["subtotal"] = 0L;
        }

        invoices.Bill(subscription, [line], "subscription_create", period, paid);
        world.Emit("customer.subscription.created", subscription);
        return subscription;
    }

    public JsonObject Get(string id) => world.Get("subscription", id);

    /// <summary>The next period begins, and the card pays it or does not.</summary>
    public void Renew(JsonObject subscription, bool paid)
    {
        if (subscription.Text("status") is "canceled" or "incomplete_expired")
        {
            throw StripeError.Invalid("The subscription is over.");
        }

        if (subscription.Text("status") == "trialing")
        {
            EndTrial(subscription, paid);
        }
        else
        {
            Advance(subscription, paid);
        }
    }

    private void Advance(JsonObject subscription, bool paid) => world.Change(subscription, Updated, () =>
    {
        var item = Periods.Item(subscription);
        var price = item.Child("price");
        var start = item.Number("current_period_end");
        var period = (start, Periods.Next(start, price));
        Periods.Set(item, period);
        world.State.Pending.Remove(subscription.Text("id"), out var pending);
        var line = Prorations.Whole(world, subscription, price, item.Number("quantity"), period);
        var invoice = invoices.Bill(subscription, [.. pending ?? [], line], "subscription_cycle", period, paid);
        Settle(subscription, invoice);
    });

    /// <summary>The trial is over now; its end is when the first period begins.</summary>
    public void EndTrial(JsonObject subscription, bool paid)
    {
        if (subscription.Text("status") != "trialing")
        {
            throw StripeError.Invalid("The subscription has no trial to end.");
        }

        var now = world.Now;
        world.Change(subscription, Updated, () =>
        {
            subscription["trial_end"] = now;
            subscription["billing_cycle_anchor"] = now;
            var item = Periods.Item(subscription);
            var period = (now, Periods.Next(now, item.Child("price")));
            Periods.Set(item, period);
            var line = Prorations.Whole(world, subscription, item.Child("price"), item.Number("quantity"), period);
            Settle(subscription, invoices.Bill(subscription, [line], "subscription_cycle", period, paid));
        });
    }

    /// <summary>The card works again.</summary>
    public void PayOpen(JsonObject subscription)
    {
        var id = subscription.Text("id");
        world.State.Failing.Remove(id);
        foreach (var invoice in invoices.Open(id))
        {
            invoices.Pay(invoice);
        }

        if (subscription.Text("status") is "past_due" or "unpaid" or "incomplete")
        {
            world.Change(subscription, Updated, () => subscription["status"] = "active");
        }
    }

    /// <summary>All attempts are over.</summary>
    public void GiveUp(JsonObject subscription, string status)
    {
        foreach (var invoice in invoices.Open(subscription.Text("id")))
        {
            Invoices.Stop(invoice);
        }

        if (status == "canceled")
        {
            Cancel(subscription, "payment_failed");
        }
        else
        {
            world.Change(subscription, Updated, () => subscription["status"] = status);
        }
    }

    public void Cancel(JsonObject subscription, string reason = "cancellation_requested")
    {
        if (subscription.Text("status") is "canceled" or "incomplete_expired")
        {
            throw StripeError.Missing("subscription", subscription.Text("id"));
        }

        subscription["status"] = "canceled";
        subscription["canceled_at"] = subscription.NumberOrNull("canceled_at") ?? world.Now;
        subscription["ended_at"] = world.Now;
        subscription.Child("cancellation_details")["reason"] = reason;
        world.State.Pending.Remove(subscription.Text("id"));
        world.Emit("customer.subscription.deleted", subscription);
    }

    public void CancelAtEnd(JsonObject subscription, bool cancel) => world.Change(subscription, Updated, () => SetCancelAtEnd(subscription, cancel));

    public void SetCancelAtEnd(JsonObject subscription, bool cancel)
    {
        subscription["cancel_at_period_end"] = cancel;
        subscription["cancel_at"] = cancel ? Periods.Item(subscription).Number("current_period_end") : null;
        subscription["canceled_at"] = cancel ? world.Now : null;
        subscription.Child("cancellation_details")["reason"] = cancel ? "cancellation_requested" : null;
    }

    /// <summary>The first payment never came.</summary>
    public void ExpireIncomplete(JsonObject subscription)
    {
        foreach (var invoice in invoices.Open(subscription.Text("id")))
        {
            invoices.Void(invoice);
        }

        world.Change(subscription, Updated, () =>
        {
            subscription["status"] = "incomplete_expired";
            subscription["ended_at"] = world.Now;
        });
    }

    public void Pause(JsonObject subscription)
    {
        world.Change(subscription, Updated, () => subscription["status"] = "paused");
        world.Emit("customer.subscription.paused", subscription);
    }

    /// <summary>After a pause: a period begins now and is paid.</summary>
    public void Resume(JsonObject subscription)
    {
        if (subscription.Text("status") != "paused")
        {
            throw StripeError.Invalid("The subscription is not paused.");
        }

        world.Change(subscription, Updated, () =>
        {
            var now = world.Now;
            var item = Periods.Item(subscription);
            var period = (now, Periods.Next(now, item.Child("price")));
            Periods.Set(item, period);
            subscription["billing_cycle_anchor"] = now;
            var line = Prorations.Whole(world, subscription, item.Child("price"), item.Number("quantity"), period);
            Settle(subscription, invoices.Bill(subscription, [line], "subscription_cycle", period, !world.State.Failing.Contains(subscription.Text("id"))));
        });
        world.Emit("customer.subscription.resumed", subscription);
    }

    /// <summary>Another price or quantity; what it costs is billed now, with the next invoice, or never.</summary>
    public void SetItem(JsonObject subscription, JsonObject price, long quantity, string proration, long moment)
    {
        var item = Periods.Item(subscription);
        var resets = Prorations.Resets(item.Child("price"), price) && subscription.Text("status") != "trialing";
        var lines = proration == "none" && !resets ? [] : Prorations.Of(world, subscription, price, quantity, moment);
        item["price"] = price.Copy();
        item["plan"] = PriceObject.Plan(price);
        item["quantity"] = quantity;
        if (resets)
        {
            Periods.Set(item, (moment, Periods.Next(moment, price)));
            subscription["billing_cycle_anchor"] = moment;
        }

        if (lines.Count > 0 && (resets || proration == "always_invoice"))
        {
            var paid = !world.State.Failing.Contains(subscription.Text("id"));
            Settle(subscription, invoices.Bill(subscription, lines, "subscription_update", Periods.Of(item), paid));
        }
        else if (lines.Count > 0)
        {
            world.State.Pending[subscription.Text("id")] = [.. world.State.Pending.GetValueOrDefault(subscription.Text("id")) ?? [], .. lines];
        }
    }

    private void Settle(JsonObject subscription, JsonObject invoice)
    {
        if (invoice.Text("status") == "open")
        {
            world.State.Failing.Add(subscription.Text("id"));
            subscription["status"] = "past_due";
        }
        else if (subscription.Text("status") is not "unpaid")
        {
            subscription["status"] = invoices.Open(subscription.Text("id")).Count > 0 ? "past_due" : "active";
        }
    }
}
