using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.Contract;

/// <summary>
/// The shapes of the part of Stripe's API that is used here, made by <c>generate.mjs</c> from Stripe's own type files. It proves
/// that requests and answers have the official shape; how Stripe behaves it cannot prove.
/// </summary>
public sealed class StripeContract
{
    // What Stripe answers when something is wrong; its members depend on what.
    private const string Error = """{"type":"object","properties":{"error":{"type":"object","properties":{"type":{"enum":["api_error","card_error","idempotency_error","invalid_request_error"]},"code":{"type":"string"},"message":{"type":"string"},"param":{"type":"string"},"doc_url":{"type":"string"},"request_log_url":{"type":"string"},"decline_code":{"type":"string"}},"required":["type"]}},"required":["error"]}""";

    private readonly JsonObject operations = [];
    private readonly JsonObject events;
    private readonly Shape forms;
    private readonly Shape answers;
    private readonly JsonNode error = JsonNode.Parse(Error)!;

    private StripeContract(JsonNode contract)
    {
        ApiVersion = contract["api_version"]!.GetValue<string>();
        events = contract["events"]!.AsObject();
        var definitions = contract["$defs"]!.AsObject();
        (forms, answers) = (new(definitions, isForm: true), new(definitions, isForm: false));
        foreach (var operation in contract["operations"]!.AsArray())
        {
            operations[$"{operation!["method"]} {operation["path"]}"] = operation.DeepClone();
        }
    }

    /// <summary>The version of the API that it describes.</summary>
    public string ApiVersion { get; }

    /// <summary>Every operation, such as <c>GET /v1/customers/{id}</c>.</summary>
    public IEnumerable<string> Operations => operations.Select(operation => operation.Key);

    /// <summary>That of this build.</summary>
    public static StripeContract Load()
    {
        using var stream = typeof(StripeContract).Assembly.GetManifestResourceStream("stripe-contract.json")!;
        return new(JsonNode.Parse(stream)!);
    }

    /// <summary>One that was changed, for tests of what a drift does.</summary>
    public static StripeContract Parse(string json) => new(JsonNode.Parse(json)!);

    /// <summary>What is wrong with a request; empty when it fits. A route that is not listed is wrong.</summary>
    public IReadOnlyList<string> CheckRequest(string method, string path, string query, string form)
    {
        if (Find(method, path) is not { } operation)
        {
            return [$"{method} {path} is not in the contract"];
        }

        try
        {
            var (given, none) = operation["form"] is null ? (query, form) : (form, query);
            var violations = forms.Check(StripeForm.Parse(given), (operation["form"] ?? operation["query"])!);
            return Named(method, operation["form"] is null ? $"{path} query" : $"{path} form", StripeForm.Parse(none).Count == 0 ? violations : [.. violations, " has parameters in the wrong place"]);
        }
        catch (FormatException exception)
        {
            return [$"{method} {path}: {exception.Message}"];
        }
    }

    /// <summary>What is wrong with an answer; empty when it fits.</summary>
    public IReadOnlyList<string> CheckResponse(string method, string path, int status, JsonNode body)
    {
        if (status >= 400)
        {
            return Named(method, path, answers.Check(body, error));
        }

        if (Find(method, path) is not { } operation)
        {
            return [$"{method} {path} is not in the contract"];
        }

        IEnumerable<JsonNode?> listed = body["data"] is JsonArray page ? page : new[] { body };
        return
        [
            .. Named(method, path, answers.Check(body, operation["response"]!)),
            .. listed.OfType<JsonObject>().Where(one => one["object"]?.ToString() == "event").SelectMany(CheckEvent),
        ];
    }

    /// <summary>What is wrong with an event, its object included; empty when it fits.</summary>
    public IReadOnlyList<string> CheckEvent(JsonNode stripeEvent)
    {
        var type = stripeEvent["type"]?.ToString() ?? "";
        return events[type] is { } schema ? Named("event", type, answers.Check(stripeEvent, schema)) : [$"The event {type} is not in the contract"];
    }

    private static IReadOnlyList<string> Named(string method, string path, IReadOnlyList<string> violations) => [.. violations.Select(violation => $"{method} {path} {violation}")];

    // An exact path goes before one with a place for an id.
    private JsonNode? Find(string method, string path) => operations[$"{method} {path}"] ?? operations
        .FirstOrDefault(operation => operation.Key.Contains('{', StringComparison.Ordinal) && Matches(operation.Key.Split(' ')[1], path) && operation.Key.StartsWith($"{method} ", StringComparison.Ordinal)).Value;

    private static bool Matches(string template, string path)
    {
        var (expected, given) = (template.Split('/'), path.Split('/'));
        return expected.Length == given.Length && expected.Zip(given).All(pair => pair.First == pair.Second || (pair.First.StartsWith('{') && pair.Second.Length > 0));
    }
}
