using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Onboarding.Webhooks.Events;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>The <c>webhooks</c> of OpenAPI 3.1: what the product sends to customers' endpoints, one entry for each type of event.</summary>
internal sealed class DocumentWebhooks : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) =>
        swaggerDoc.Webhooks = EventCatalogue.All.ToDictionary(type => type.Name, type => (IOpenApiPathItem)new OpenApiPathItem
        {
            Operations = new() { [HttpMethod.Post] = Operation(type, swaggerDoc) },
        });

    private static OpenApiOperation Operation(EventType type, OpenApiDocument document) => new()
    {
        OperationId = $"webhook.{type.Name}",
        Summary = type.Description.TrimEnd('.'),
        Description = type.Description,
        Tags = new HashSet<OpenApiTagReference> { new("Webhooks", document) },
        Parameters =
        [
            Header("webhook-id", "The message; the same at every attempt."),
            Header("webhook-timestamp", "When this attempt was made, in seconds since 1970."),
            Header("webhook-signature", "Signatures by Standard Webhooks, separated by spaces."),
        ],
        RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/json"] = new OpenApiMediaType { Schema = Schema(type.Schema), Example = type.Example.DeepClone() },
            },
        },
        Responses = new() { ["2XX"] = new OpenApiResponse { Description = "Received. Anything else is tried again." } },
        Security = [],
    };

    private static OpenApiParameter Header(string name, string description) => new()
    {
        Name = name, In = ParameterLocation.Header, Required = true, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    // The part of JSON Schema that the catalogue uses.
    private static OpenApiSchema Schema(JsonNode node)
    {
        var schema = new OpenApiSchema();
        if (node is not JsonObject described)
        {
            return schema;
        }

        schema.Type = (described["type"] switch
        {
            JsonArray types => types.Select(type => (string)type!),
            JsonValue type => [(string)type!],
            _ => [],
        }).Aggregate((JsonSchemaType?)null, (all, type) => (all ?? default) | TypeOf(type));
        schema.Format = (string?)described["format"];
        schema.Enum = (described["enum"] ?? (described["const"] is { } only ? new JsonArray(only.DeepClone()) : null)) is JsonArray values
            ? [.. values.Select(value => value?.DeepClone() ?? JsonNullSentinel.JsonNull)]
            : null;
        schema.Items = described["items"] is { } items ? Schema(items) : null;
        schema.Required = described["required"] is JsonArray required ? required.Select(name => (string)name!).ToHashSet(StringComparer.Ordinal) : null;
        schema.Properties = described["properties"] is JsonObject properties ? properties.ToDictionary(p => p.Key, p => (IOpenApiSchema)Schema(p.Value!)) : null;
        return schema;
    }

    private static JsonSchemaType TypeOf(string type) => type switch
    {
        "string" => JsonSchemaType.String,
        "integer" => JsonSchemaType.Integer,
        "number" => JsonSchemaType.Number,
        "boolean" => JsonSchemaType.Boolean,
        "array" => JsonSchemaType.Array,
        "object" => JsonSchemaType.Object,
        "null" => JsonSchemaType.Null,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This type does not occur in the catalogue."),
    };
}
