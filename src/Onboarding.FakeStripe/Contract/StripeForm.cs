using System.Net;
using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.Contract;

/// <summary>Reads <c>a[b][0][c]=v&amp;d[]=w</c>, as query or body, into objects, arrays and text.</summary>
public static class StripeForm
{
    /// <summary>What the text stands for.</summary>
    /// <exception cref="FormatException">A name cannot be read, or contradicts another.</exception>
    public static JsonObject Parse(string text)
    {
        var root = new JsonObject();
        foreach (var pair in text.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            Put(root, Path(WebUtility.UrlDecode(parts[0])), parts.Length == 2 ? WebUtility.UrlDecode(parts[1]) : "");
        }

        return (JsonObject)AsArrays(root);
    }

    private static string[] Path(string name)
    {
        var path = name.Replace("]", "", StringComparison.Ordinal).Split('[');
        return path[0].Length > 0 ? path : throw new FormatException($"The name {name} cannot be read.");
    }

    private static void Put(JsonObject root, string[] path, string value)
    {
        var at = root;
        foreach (var step in path[..^1])
        {
            at = at[step] switch
            {
                null => (JsonObject)(at[step] = new JsonObject()),
                JsonObject nested => nested,
                _ => throw new FormatException($"{step} is both a value and an object."),
            };
        }

        // a[]=x&a[]=y: the next place.
        var last = path[^1].Length == 0 ? at.Count.ToString(System.Globalization.CultureInfo.InvariantCulture) : path[^1];
        at[last] = value;
    }

    // What has only numbers for names, from 0 on, is an array.
    private static JsonNode AsArrays(JsonNode node)
    {
        if (node is not JsonObject thing)
        {
            return node.DeepClone();
        }

        var members = thing.Select(member => (member.Key, Value: AsArrays(member.Value!))).ToList();
        return members.Count > 0 && members.Select((member, place) => member.Key == place.ToString(System.Globalization.CultureInfo.InvariantCulture)).All(isPlace => isPlace)
            ? new JsonArray([.. members.Select(member => member.Value)])
            : new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value)));
    }
}
