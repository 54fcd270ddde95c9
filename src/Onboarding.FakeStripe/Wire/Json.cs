using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.Wire;

/// <summary>Short reads of JSON that the fake wrote itself.</summary>
internal static class Json
{
    public static string? TextOrNull(this JsonObject thing, string name) => thing[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? (string?)value : null;

    public static string Text(this JsonObject thing, string name) => thing.TextOrNull(name) ?? "";

    // By its text: a value that was made from an int does not answer as a long.
    public static long? NumberOrNull(this JsonObject thing, string name) => thing[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        ? long.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
        : null;

    public static long Number(this JsonObject thing, string name) => thing.NumberOrNull(name) ?? 0;

    public static bool Flag(this JsonObject thing, string name) => thing[name]?.GetValueKind() == JsonValueKind.True;

    public static JsonObject Child(this JsonObject thing, string name) => thing[name] as JsonObject ?? [];

    public static JsonObject Copy(this JsonObject thing) => thing.DeepClone().AsObject();

    public static IReadOnlyList<JsonObject> Data(this JsonObject list) => [.. (list["data"] as JsonArray ?? []).OfType<JsonObject>()];

    public static JsonObject List(IEnumerable<JsonObject> data, string url, bool hasMore = false) => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. data]),
        ["has_more"] = hasMore,
        ["url"] = url,
    };
}
