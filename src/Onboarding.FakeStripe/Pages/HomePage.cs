using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Pages;

/// <summary>All customers, and how the callbacks fare.</summary>
internal static class HomePage
{
    private const int Shown = 50;

    public static string Show(Cast cast)
    {
        var state = cast.World.State;
        var customers = string.Concat(cast.World.All("customer").Select(one =>
            $"<li><a href=\"/portal/{one.Text("id")}\">{Html.Encode(one.TextOrNull("name") ?? one.TextOrNull("email") ?? one.Text("id"))}</a>{(one.Flag("deleted") ? " (deleted)" : "")}</li>"));
        var deliveries = string.Concat(Enumerable.Reverse(state.Deliveries).Take(Shown).Select(one =>
            $"<tr><td>{Html.Encode(one.Type)}</td><td>{(one.IsDone ? "taken" : "waits")}</td><td>{one.Attempts}</td><td>{Html.Encode(one.Answer)}</td></tr>"));
        var hold = state.IsHeld
            ? "<p>Callbacks are held.</p>" + Html.Button("/callbacks", "Send by themselves again", value: "automatic") + Html.Button("/callbacks", "Send the held ones once", value: "send")
            : Html.Button("/callbacks", "Hold callbacks", value: "hold");
        return Html.Page("Customers", $"""
            <section><ul>{(customers.Length == 0 ? "<li>Nobody yet.</li>" : customers)}</ul></section>
            <section><h2>Callbacks</h2>{hold}<table><tr><th>Event</th><th></th><th>Attempts</th><th>Answer</th></tr>{deliveries}</table></section>
            """);
    }
}
