using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Pages;

/// <summary>Where the customer pays, or does not.</summary>
internal static class CheckoutPage
{
    public static string Show(Cast cast, string id, string? told)
    {
        var session = cast.Checkouts.Get(id);
        var order = cast.World.State.Orders[id];
        var price = cast.World.Get("price", order.PriceId);
        var amount = Html.Money(price.Number("unit_amount") * order.Quantity, price.Text("currency"));
        var trial = order.TrialDays > 0 ? $"<p>{order.TrialDays} days free, then {Html.Encode(amount)}.</p>" : "";
        var what = $"<p><strong>{Html.Encode(Prorations.Title(cast.World, price, order.Quantity))}</strong>: {Html.Encode(amount)} each {Html.Encode(price.Child("recurring").Text("interval"))}</p>{trial}";
        if (session.Text("status") != "open")
        {
            return Html.Page("Checkout", $"<section>{what}<p>This checkout is {Html.Encode(session.Text("status"))}.</p>{Html.Link(Success(session), "Go back")}</section>");
        }

        var message = told is null ? "" : $"""<p class="told">{Html.Encode(told)}</p>""";
        var buttons = Html.Button($"/checkout/{id}", "Pay", value: "pay", style: "main") + Html.Button($"/checkout/{id}", "Card is declined", value: "decline") + Html.Button($"/checkout/{id}", "Checkout expires", value: "expire");
        return Html.Page("Checkout", $"<section>{what}{message}{buttons}<p>{Html.Link(session.TextOrNull("cancel_url"), "Cancel")}</p></section>");
    }

    /// <summary>Does what was pressed; answers where to go, or what to tell.</summary>
    public static (string? Url, string? Told) Press(Cast cast, string id, string? action)
    {
        switch (action)
        {
            case "pay":
                cast.Checkouts.Pay(id);
                return (Success(cast.Checkouts.Get(id)) is { } url && Html.IsWeb(url) ? url : $"/checkout/{id}", null);
            case "expire":
                cast.Checkouts.Expire(id);
                return ($"/checkout/{id}", null);
            default:
                cast.Checkouts.Decline(id);
                return (null, "The card was declined. Nothing was bought; try another.");
        }
    }

    private static string? Success(System.Text.Json.Nodes.JsonObject session) => session.TextOrNull("success_url")?
        .Replace("{CHECKOUT_SESSION_ID}", session.Text("id"), StringComparison.Ordinal)
        .Replace("%7BCHECKOUT_SESSION_ID%7D", session.Text("id"), StringComparison.OrdinalIgnoreCase);
}
