using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Onboarding.Api.Tests.Contract;

/// <summary>Holds every exchange against the document; throws where they differ.</summary>
/// <remarks>A member that the document does not know is a difference too, although clients have to tolerate it.</remarks>
/// <param name="document">What is promised.</param>
/// <param name="seen">Gathers what was seen: operation and status.</param>
internal sealed class CheckedExchanges(ApiDocument document, ConcurrentBag<(string Operation, int Status)> seen) : DelegatingHandler
{
    private static readonly EvaluationOptions Strict = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        var operation = document.Operations.Single(o => o.Matches(request.Method, request.RequestUri!.AbsolutePath));
        var status = (int)response.StatusCode;
        seen.Add(($"{operation}", status));

        if (sent is not null && response.IsSuccessStatusCode)
        {
            Check($"The request of {operation}", sent, operation.RequestContent!["application/json"]!["schema"]!);
        }

        var where = $"The answer {status} of {operation}";
        var declared = operation.Responses[$"{status}"] ?? throw new InvalidOperationException($"{where} is not declared.");
        if (response.Content.Headers.ContentType?.MediaType is "text/html" or "application/x-ndjson" or "application/zip")
        {
            return response; // A page for people, or a file.
        }

        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        if (declared["content"] is not JsonObject content)
        {
            return body.Length == 0 ? response : throw new InvalidOperationException($"{where} has a body.");
        }

        var media = content[response.Content.Headers.ContentType!.MediaType!] ?? throw new InvalidOperationException($"{where} is {response.Content.Headers.ContentType}.");
        Check(where, body, media["schema"]!);
        if (!response.IsSuccessStatusCode && !operation.Codes(status).Contains((string?)JsonNode.Parse(body)!["code"]))
        {
            throw new InvalidOperationException($"{where} has a code that is not declared: {body}");
        }

        return response;
    }

    private void Check(string where, string body, JsonNode schema)
    {
        var root = schema.DeepClone().AsObject();
        root["$defs"] = document.Root["components"]!["schemas"]!.DeepClone();
        foreach (var (_, definition) in root["$defs"]!.AsObject())
        {
            if (definition!["properties"] is not null && definition != root["$defs"]!["Problem"])
            {
                definition["additionalProperties"] = false;
            }
        }

        var text = root.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        using var json = JsonDocument.Parse(body);
        var result = JsonSchema.FromText(text).Evaluate(json.RootElement, Strict);
        if (!result.IsValid)
        {
            var errors = (result.Details ?? []).SelectMany(detail => (detail.Errors ?? []).Select(error => $"{detail.InstanceLocation}: {error.Value}"));
            throw new InvalidOperationException($"{where} does not follow its schema: {string.Join("; ", errors)}\n{body}");
        }
    }
}
