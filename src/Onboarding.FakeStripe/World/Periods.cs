using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>Periods of prices, and what of them a subscription is in.</summary>
internal static class Periods
{
    public static long Next(long from, JsonObject price)
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(from);
        var end = price.Child("recurring").Text("interval") switch
        {
            "day" => start.AddDays(1),
            "week" => start.AddDays(7),
            "year" => start.AddYears(1),
            _ => start.AddMonths(1),
        };
        return end.ToUnixTimeSeconds();
    }

    public static JsonObject Item(JsonObject subscription) => subscription.Child("items").Data()[0];

    public static (long Start, long End) Of(JsonObject item) => (item.Number("current_period_start"), item.Number("current_period_end"));

    public static void Set(JsonObject item, (long Start, long End) period)
    {
        item["current_period_start"] = period.Start;
        item["current_period_end"] = period.End;
    }
}
