using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Api;

/// <summary>Lists as Stripe pages them: newest first, from behind an id.</summary>
internal static class Pager
{
    private const int Usual = 10;
    private const int Most = 100;

    public static JsonObject Page(IEnumerable<JsonObject> newestFirst, Parameters parameters, string url)
    {
        var limit = parameters.Number("limit") ?? Usual;
        if (limit is < 1 or > Most)
        {
            throw StripeError.Invalid("This value must be between 1 and 100.", "limit", "parameter_invalid_integer");
        }

        var all = newestFirst.Where(thing => IsInTime(thing, parameters)).ToList();
        if (parameters["starting_after"] is { } after)
        {
            all = [.. all.Skip(Index(all, after, "starting_after") + 1)];
        }

        if (parameters["ending_before"] is { } before)
        {
            var rest = all.Take(Index(all, before, "ending_before")).ToList();
            return Json.List(rest.TakeLast((int)limit).Select(Json.Copy), url, rest.Count > limit);
        }

        return Json.List(all.Take((int)limit).Select(Json.Copy), url, all.Count > limit);
    }

    private static int Index(List<JsonObject> all, string id, string param)
    {
        var index = all.FindIndex(thing => thing.Text("id") == id);
        return index >= 0 ? index : throw StripeError.Missing("object", id, param);
    }

    private static bool IsInTime(JsonObject thing, Parameters parameters)
    {
        var created = thing.Number("created");
        return (parameters.Number("created") is not { } exactly || created == exactly)
            && (parameters.Number("created[gte]") is not { } from || created >= from)
            && (parameters.Number("created[gt]") is not { } after || created > after)
            && (parameters.Number("created[lte]") is not { } to || created <= to)
            && (parameters.Number("created[lt]") is not { } before || created < before);
    }
}
