using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>What a change in the middle of a period costs.</summary>
internal static class Prorations
{
    /// <summary>A credit for what is left of the old, and a charge for the same time of the new; nothing in a trial.</summary>
    public static IReadOnlyList<JsonObject> Of(FakeWorld world, JsonObject subscription, JsonObject price, long quantity, long moment)
    {
        var item = Periods.Item(subscription);
        var old = item.Child("price");
        var before = item.Number("quantity");
        if (subscription.Text("status") == "trialing" || (old.Text("id") == price.Text("id") && before == quantity))
        {
            return [];
        }

        var (start, end) = Periods.Of(item);
        var left = Math.Clamp((double)(end - moment) / Math.Max(1, end - start), 0, 1);
        var credit = -Part(old.Number("unit_amount") * before, left);
        var resets = Resets(old, price);
        var until = resets ? Periods.Next(moment, price) : end;
        var charge = Part(price.Number("unit_amount") * quantity, resets ? 1 : left);
        return
        [
            LineObject.New(subscription, item, old, before, credit, $"Unused time on {Title(world, old, before)}", (moment, end), proration: true),
            LineObject.New(subscription, item, price, quantity, charge, resets ? Title(world, price, quantity) : $"Remaining time on {Title(world, price, quantity)}", (moment, until), proration: !resets),
        ];
    }

    /// <summary>Whether the period begins anew: another interval does not fit into the old one.</summary>
    public static bool Resets(JsonObject old, JsonObject price) => old.Child("recurring").Text("interval") != price.Child("recurring").Text("interval");

    public static JsonObject Whole(FakeWorld world, JsonObject subscription, JsonObject price, long quantity, (long Start, long End) period) =>
        LineObject.New(subscription, Periods.Item(subscription), price, quantity, price.Number("unit_amount") * quantity, Title(world, price, quantity), period, proration: false);

    public static string Title(FakeWorld world, JsonObject price, long quantity) => $"{quantity} × {world.Get("product", price.Text("product")).Text("name")}";

    private static long Part(long amount, double share) => (long)Math.Round(amount * share, MidpointRounding.AwayFromZero);
}
