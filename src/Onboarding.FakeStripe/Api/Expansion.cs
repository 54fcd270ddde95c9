using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Api;

/// <summary>Puts objects in the place of their ids, along paths such as <c>data.latest_invoice</c>.</summary>
internal static class Expansion
{
    public static void Expand(JsonNode? node, ReadOnlySpan<string> path, Func<string, JsonObject?> find)
    {
        if (path.IsEmpty)
        {
            return;
        }

        if (node is JsonArray array)
        {
            foreach (var one in array)
            {
                Expand(one, path, find);
            }
        }
        else if (node is JsonObject thing)
        {
            // A deleted object stays what it is: an id that leads to a stub.
            if (thing.TextOrNull(path[0]) is { } id && find(id) is { } found)
            {
                thing[path[0]] = found.Copy();
            }

            Expand(thing[path[0]], path[1..], find);
        }
    }
}
