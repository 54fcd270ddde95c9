using System.Collections;
using System.Text.Json;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Bodies that no client of the contract sends, made from the good one of a route.</summary>
internal static class Hostile
{
    private static readonly string Overlong = new('x', 20_000);

    /// <summary>What only others may decide, and what serializers of other houses fall for.</summary>
    private static readonly string[] Forbidden =
    [
        "role", "roles", "status", "organization_id", "organization", "tenant", "id", "password_hash", "permissions", "is_admin", "decided_by", "xmin", "$type", "__proto__",
    ];

    /// <summary>A body and what is wrong with it.</summary>
    internal sealed record Body(string What, string Json);

    /// <summary>Text that is no JSON object at all.</summary>
    public static IEnumerable<Body> NoObjects { get; } =
    [
        new("nothing", ""), new("spaces", "  "), new("null", "null"), new("a list", "[]"), new("a number", "1"), new("a string", "\"x\""), new("true", "true"),
        new("an open brace", "{"), new("a word", "nonsense"), new("a comment", "/* */ {}"), new("single quotes", "{'a': 1}"), new("a form", "a=b&c=d"),
        new("XML", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"),
    ];

    /// <summary>The good body with one thing wrong.</summary>
    public static IEnumerable<Body> Spoiled(ApiRoute route)
    {
        var good = JsonSerializer.SerializeToNode(route.Example, route.RequestType!, route.Json)!.AsObject();
        var text = good.ToJsonString();
        yield return new("something behind its end", text + "}");
        yield return new("a second object", text + text);
        yield return new("a comma at the end", text[..^1] + ",}");
        yield return new("deep nesting under an unknown name", With("x", Nested(64)));
        yield return new("nesting without an end", With("x", Nested(20_000, closed: false)));

        var type = route.Json.GetTypeInfo(route.RequestType!);
        foreach (var property in type.Properties)
        {
            var name = property.Name;
            yield return new($"{name} twice", $$"""{"{{name}}": {{good[name]?.ToJsonString() ?? "null"}}, {{text[1..]}}""");
            yield return new($"{name} in another case", Without(name) is var rest && rest == "{}" ? $$"""{"{{name.ToUpperInvariant()}}": null}""" : $$"""{"{{name.ToUpperInvariant()}}": null, {{rest[1..]}}""");
            yield return new($"{name} deeply nested", Replaced(name, Nested(64)));
            foreach (var value in WrongFor(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType))
            {
                yield return new($"{name} = {(value.Length > 60 ? value[..60] + "..." : value)}", Replaced(name, value));
            }
        }

        string With(string name, string value) => $$"""{"{{name}}": {{value}}, {{text[1..]}}""";

        string Without(string name)
        {
            var copy = good.DeepClone().AsObject();
            copy.Remove(name);
            return copy.ToJsonString();
        }

        string Replaced(string name, string value) => Without(name) is var rest && rest == "{}" ? $$"""{"{{name}}": {{value}}}""" : $$"""{"{{name}}": {{value}}, {{rest[1..]}}""";
    }

    /// <summary>The good body with a member that it does not have.</summary>
    public static IEnumerable<Body> WithUnknownMembers(ApiRoute route)
    {
        var known = route.Json.GetTypeInfo(route.RequestType!).Properties.Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in Forbidden.Where(name => !known.Contains(name)))
        {
            var body = JsonSerializer.SerializeToNode(route.Example, route.RequestType!, route.Json)!.AsObject();
            body[name] = "admin";
            yield return new(name, body.ToJsonString());
        }
    }

    private static IEnumerable<string> WrongFor(Type type) => type switch
    {
        _ when type == typeof(string) => ["1", "true", "{}", "[]", "[\"x\"]", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\x41\"", "\"a\nb\"", $"\"{Overlong}\""],
        _ when type == typeof(Guid) => ["1", "true", "{}", "[]", "\"\"", "\"x\"", "\"\\u0000\"", "\"{01990000-0000-7000-8000-000000000001}\"", $"\"{Overlong}\""],
        _ when type == typeof(bool) => ["1", "0", "\"true\"", "\"\"", "{}", "[]"],
        _ when type.IsEnum => ["0", "1", "\"\"", "\"0\"", "\"nonsense\"", "true", "{}", "[]", "\"\\u0000\""],
        _ when type == typeof(int) || type == typeof(long) || type == typeof(decimal) => ["\"1\"", "\"\"", "1e400", "99999999999999999999999999999999", "NaN", "Infinity", "01", "+1", "0x1", "true", "{}", "[]"],
        _ when type == typeof(DateTimeOffset) => ["\"yesterday\"", "1", "\"2026-02-30T00:00:00Z\"", "\"0000-00-00\"", "{}", "[]", "\"\\u0000\""],
        _ when type == typeof(IReadOnlyDictionary<string, string>) => ["1", "\"x\"", "[]", "{\"x\": 1}", "{\"x\": {}}", "{\"x\": null}", "{\"x\": \"\\u0000\"}", "{\"\": \"x\"}", $"{{\"x\": \"{Overlong}\"}}"],
        _ when type == typeof(IReadOnlyDictionary<string, bool>) || type == typeof(IReadOnlyDictionary<string, long>) =>
            ["1", "\"x\"", "[]", "{\"x\": \"y\"}", "{\"x\": {}}", "{\"x\": null}", "{\"x\": 1e400}", "{\"\\u0000\": 1}", $"{{\"{Overlong}\": 1}}"],
        _ when typeof(IEnumerable).IsAssignableFrom(type) => ["1", "\"x\"", "{}", "[{}]", "[[]]", "[null, {}]", "[\"\\u0000\"]", $"[{string.Join(',', Enumerable.Repeat($"\"{ApiRoute.SomeId}\"", 1_000))}]"],
        _ => ["1", "\"x\"", "[]"],
    };

    private static string Nested(int depth, bool closed = true) =>
        string.Concat(Enumerable.Repeat("[", depth)) + (closed ? string.Concat(Enumerable.Repeat("]", depth)) : "");
}
