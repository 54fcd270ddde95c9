using System.Globalization;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Pages;

/// <summary>A customer's subscriptions and invoices, with all that can happen to them.</summary>
internal static class PortalPage
{
    private static readonly (string Action, string Label)[] Actions =
    [
        ("renew", "Renewal is paid"), ("fail", "Renewal fails"), ("pay", "Pay the open invoice"), ("giveup-canceled", "Stripe gives up: cancel"),
        ("giveup-unpaid", "Stripe gives up: unpaid"), ("endtrial", "End the trial"), ("cancel-end", "Cancel at period end"), ("cancel", "Cancel now"),
        ("resume", "Resume"), ("pause", "Pause"),
    ];

    private static readonly int[] Days = [1, 3, 8, 32];

    public static string Show(Cast cast, string id, string? returnUrl, string? told)
    {
        var customer = cast.World.Get("customer", id);
        var back = returnUrl is null ? "" : $"?return_url={Uri.EscapeDataString(returnUrl)}";
        var subscriptions = string.Concat(cast.Customers.Of(id).Select(one => Subscription(cast, one, $"/portal/{id}{back}")));
        var invoices = string.Concat(cast.World.All("invoice").Where(one => one.Text("customer") == id).Select(Invoice));
        var message = told is null ? "" : $"""<p class="told">{Html.Encode(told)}</p>""";
        var time = string.Concat(Days.Select(days => Html.Button($"/portal/{id}{back}", days == 1 ? "1 day passes" : $"{days} days pass", "pass", days.ToString(CultureInfo.InvariantCulture))));
        var delete = customer.Flag("deleted") ? "<p>This customer is deleted.</p>" : Html.Button($"/portal/{id}{back}", "Delete the customer", value: "delete");
        return Html.Page(customer.TextOrNull("name") ?? id, $"""
            {message}<p>{Html.Link(returnUrl, "Back to where you came from")}</p>
            {(subscriptions.Length == 0 ? "<section>No subscription.</section>" : subscriptions)}
            <section><h2>Invoices</h2><table><tr><th>Number</th><th>Created</th><th>Due</th><th>Status</th><th>Attempts</th></tr>{invoices}</table></section>
            <section><h2>Time and customer</h2>{time}<br>{delete}</section>
            """);
    }

    /// <summary>Does what was pressed.</summary>
    public static void Press(Cast cast, string customer, string? action, string? id, string? pass)
    {
        if (int.TryParse(pass, CultureInfo.InvariantCulture, out var days))
        {
            cast.Passage.Pass(TimeSpan.FromDays(Math.Clamp(days, 0, 400)));
            return;
        }

        if (action == "delete")
        {
            cast.Customers.Delete(customer);
            return;
        }

        var subscription = cast.Subscriptions.Get(id ?? "");
        if (subscription.Text("customer") != customer)
        {
            throw StripeError.Missing("subscription", id ?? "");
        }

        Press(cast, subscription, action);
    }

    private static void Press(Cast cast, JsonObject subscription, string? action)
    {
        var all = cast.Subscriptions;
        if (subscription.Text("status") is "canceled" or "incomplete_expired")
        {
            throw StripeError.Invalid("This subscription is over.");
        }

        switch (action)
        {
            case "renew":
                cast.World.State.Failing.Remove(subscription.Text("id"));
                all.Renew(subscription, paid: true);
                break;
            case "fail":
                all.Renew(subscription, paid: false);
                break;
            case "pay":
                all.PayOpen(subscription);
                break;
            case "giveup-canceled":
                all.GiveUp(subscription, "canceled");
                break;
            case "giveup-unpaid":
                all.GiveUp(subscription, "unpaid");
                break;
            case "endtrial":
                all.EndTrial(subscription, !cast.World.State.Failing.Contains(subscription.Text("id")));
                break;
            case "cancel-end":
                all.CancelAtEnd(subscription, cancel: true);
                break;
            case "cancel":
                all.Cancel(subscription);
                break;
            case "resume":
                FakeStripe.Resume(cast, subscription.Text("id"));
                break;
            case "pause":
                all.Pause(subscription);
                break;
            default:
                throw StripeError.Invalid("There is no such button.");
        }
    }

    private static string Subscription(Cast cast, JsonObject subscription, string url)
    {
        var item = Periods.Item(subscription);
        var price = item.Child("price");
        var id = subscription.Text("id");
        var buttons = subscription.Text("status") is "canceled" or "incomplete_expired" ? "" : string.Concat(Actions.Select(one =>
            $"""<form method="post" action="{Html.Encode(url)}"><input type="hidden" name="subscription" value="{id}"><button name="action" value="{one.Action}">{Html.Encode(one.Label)}</button></form>"""));
        return $"""
            <section><h2>{Html.Encode(Prorations.Title(cast.World, price, item.Number("quantity")))}: {Html.Encode(subscription.Text("status"))}</h2>
            <p>{Html.Encode(Html.Money(price.Number("unit_amount") * item.Number("quantity"), price.Text("currency")))} each {Html.Encode(price.Child("recurring").Text("interval"))}<br>
            Period {Html.Time(item, "current_period_start")} to {Html.Time(item, "current_period_end")}<br>Trial until {Html.Time(subscription, "trial_end")}<br>
            {(subscription.Flag("cancel_at_period_end") ? "<strong>Will be cancelled at the end of the period.</strong><br>" : "")}
            {(cast.World.State.Failing.Contains(id) ? "<strong>The card is declined until an open invoice is paid.</strong><br>" : "")}{id}</p>{buttons}</section>
            """;
    }

    private static string Invoice(JsonObject invoice) => $"""
        <tr id="{invoice.Text("id")}"><td>{Html.Encode(invoice.Text("number"))}</td><td>{Html.Time(invoice, "created")}</td>
        <td>{Html.Encode(Html.Money(invoice.Number("amount_due"), invoice.Text("currency")))}</td><td>{Html.Encode(invoice.Text("status"))}</td><td>{invoice.Number("attempt_count")}</td></tr>
        """;
}
