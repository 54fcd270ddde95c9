using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.Contract;

/// <summary>
/// Compares a value with one of the contract's schemas, which know <c>$ref</c>, <c>anyOf</c>, <c>enum</c>, <c>type</c>,
/// <c>properties</c>, <c>required</c>, <c>values</c> (of a map) and <c>items</c>, and nothing else.
/// </summary>
/// <remarks>
/// Not by a library for JSON Schema: a form's values are all text, and what they stand for only the schema says, so reading
/// and checking are one walk. Objects are closed, and so are lists of known values.
/// </remarks>
/// <param name="definitions">What <c>$ref</c> names.</param>
/// <param name="isForm">Whether text may stand for a number, a flag, or (where it is empty) for nothing.</param>
internal sealed class Shape(JsonObject definitions, bool isForm)
{
    private const int MaxDepth = 64;

    /// <summary>What is wrong, each with the place; empty when it fits.</summary>
    public IReadOnlyList<string> Check(JsonNode? value, JsonNode schema)
    {
        var violations = new List<string>();
        Check(value, schema, "", violations, 0);
        return violations;
    }

    private void Check(JsonNode? value, JsonNode schema, string at, List<string> violations, int depth)
    {
        if (depth > MaxDepth)
        {
            violations.Add($"{at} is nested too deeply");
            return;
        }

        if (schema["$ref"] is { } reference)
        {
            Check(value, definitions[reference.GetValue<string>()]!, at, violations, depth + 1);
        }
        else if (schema["anyOf"] is JsonArray choices)
        {
            CheckAny(value, choices, at, violations, depth);
        }
        else if (schema["enum"] is JsonArray known)
        {
            if (!known.Any(one => Means(value, one!)))
            {
                violations.Add($"{at}: {Shown(value)} is none of {known.ToJsonString()}");
            }
        }
        else if (schema["type"] is { } type)
        {
            CheckType(value, type.GetValue<string>(), schema, at, violations, depth);
        }
    }

    // The alternative that comes closest says what is wrong.
    private void CheckAny(JsonNode? value, JsonArray choices, string at, List<string> violations, int depth)
    {
        List<string>? closest = null;
        foreach (var choice in choices)
        {
            var found = new List<string>();
            Check(value, choice!, at, found, depth + 1);
            if (found.Count == 0)
            {
                return;
            }

            if (closest is null || Depth(found) > Depth(closest))
            {
                closest = found;
            }
        }

        violations.AddRange(closest ?? []);
    }

    private static int Depth(List<string> violations) => violations.Max(violation => violation.AsSpan(0, Math.Max(0, violation.IndexOf(' ', StringComparison.Ordinal))).Count('/'));

    private void CheckType(JsonNode? value, string type, JsonNode schema, string at, List<string> violations, int depth)
    {
        if (!Is(value, type))
        {
            violations.Add($"{at} is {Shown(value)} and not {type}");
        }
        else if (value is JsonArray array)
        {
            for (var i = 0; i < array.Count; i++)
            {
                Check(array[i], schema["items"]!, $"{at}/{i}", violations, depth + 1);
            }
        }
        else if (value is JsonObject thing)
        {
            CheckMembers(thing, schema, at, violations, depth);
        }
    }

    private void CheckMembers(JsonObject thing, JsonNode schema, string at, List<string> violations, int depth)
    {
        var properties = schema["properties"];
        foreach (var (name, member) in thing)
        {
            if ((properties?[name] ?? schema["values"]) is { } expected)
            {
                Check(member, expected, $"{at}/{name}", violations, depth + 1);
            }
            else
            {
                violations.Add($"{at}/{name} is not known there");
            }
        }

        foreach (var name in (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()).Where(name => !thing.ContainsKey(name)))
        {
            violations.Add($"{at}/{name} is missing");
        }
    }

    private bool Is(JsonNode? value, string type) => (value?.GetValueKind() ?? JsonValueKind.Null, type) switch
    {
        (JsonValueKind.Null, "null") => true,
        (JsonValueKind.String, "string") => true,
        (JsonValueKind.Number, "number") => true,
        (JsonValueKind.Number, "integer") => long.TryParse(value!.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        (JsonValueKind.True or JsonValueKind.False, "boolean") => true,
        (JsonValueKind.Array, "array") => true,
        (JsonValueKind.Object, "object") => true,
        (JsonValueKind.String, _) when isForm => IsText(value!.GetValue<string>(), type),
        _ => false,
    };

    private static bool IsText(string text, string type) => type switch
    {
        "null" => text.Length == 0,
        "integer" => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "number" => decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out _),
        "boolean" => text is "true" or "false",
        _ => false,
    };

    private bool Means(JsonNode? value, JsonNode known) =>
        JsonNode.DeepEquals(value, known) || (isForm && value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() == known.ToString());

    private static string Shown(JsonNode? value) => value?.GetValueKind() switch
    {
        null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => value.ToJsonString(),
    };
}
