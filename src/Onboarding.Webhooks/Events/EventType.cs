using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Json.Schema;
using Onboarding.Tenancy.Outbox;

namespace Onboarding.Webhooks.Events;

/// <summary>A type of event as customers see it: what it means, what its body looks like, and an example.</summary>
/// <remarks>
/// The body is <c>{"type", "timestamp", "data"}</c> (Standard Webhooks 1.0); <c>data</c> are the members of the domain
/// event in snake_case. Renaming a member of an event changes what customers receive.
/// </remarks>
public sealed class EventType
{
    /// <summary>What a body may have at most (Standard Webhooks 1.0 recommends less than 20 kB).</summary>
    public const int MaxBody = 20_000;

    private static readonly string[] Envelope = ["type", "occurred_at", "subject_id", "audit_note"];

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },

        // Bodies are JSON, not HTML; what is left escaped is what JSON needs.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { WithoutEnvelope } },
    };

    private static readonly JsonSchemaExporterOptions Exporter = new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = RequireAll };
    private static readonly EvaluationOptions Strict = new() { RequireFormatValidation = true };

    private readonly Type data;
    private readonly Lazy<JsonSchema> check;

    private EventType(string description, DomainEvent example)
    {
        data = example.GetType();
        (Name, Description, Permission) = (example.Type, description, EventPermissions.Of(example.Type));
        Schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = Name,
            ["description"] = description,
            ["type"] = "object",
            ["required"] = new JsonArray("type", "timestamp", "data"),
            ["properties"] = new JsonObject
            {
                ["type"] = new JsonObject { ["const"] = Name },
                ["timestamp"] = new JsonObject { ["type"] = "string", ["format"] = "date-time" },
                ["data"] = Json.GetJsonSchemaAsNode(data, Exporter),
            },
        };
        check = new(() => JsonSchema.FromText(Schema.ToJsonString()));
        Example = JsonNode.Parse(Render(example).Span)!;
    }

    /// <summary>Its name, such as <c>member.approved</c>.</summary>
    public string Name { get; }

    /// <summary>When it happens, in a sentence.</summary>
    public string Description { get; }

    /// <summary>What it takes to hear of it, or to read it: the permission by which the API shows what it tells of.</summary>
    public string Permission { get; }

    /// <summary>JSON Schema (2020-12) of the whole body.</summary>
    public JsonNode Schema { get; }

    /// <summary>A body as it could be sent.</summary>
    public JsonNode Example { get; }

    /// <summary>Describes the type of <paramref name="example"/>.</summary>
    internal static EventType Of(string description, DomainEvent example) => new(description, example);

    /// <summary>The bytes to sign and send.</summary>
    /// <exception cref="InvalidEventException">The event does not keep to its schema, or is too large; nothing must be sent (HOOK-23).</exception>
    public byte[] Body(DomainEvent happened)
    {
        var body = Render(happened);
        Require(body);
        return body.ToArray();
    }

    private ReadOnlyMemory<byte> Render(DomainEvent happened)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Json.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("type", Name);
            writer.WriteString("timestamp", happened.OccurredAt.UtcDateTime);
            writer.WritePropertyName("data");
            try
            {
                JsonSerializer.Serialize(writer, happened, data, Json);
            }
            catch (JsonException exception)
            {
                throw new InvalidEventException(Name, exception.Message);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private void Require(ReadOnlyMemory<byte> body)
    {
        if (body.Length >= MaxBody)
        {
            throw new InvalidEventException(Name, $"it has {body.Length} bytes");
        }

        using var document = JsonDocument.Parse(body);
        if (!check.Value.Evaluate(document.RootElement, Strict).IsValid)
        {
            throw new InvalidEventException(Name, "it does not keep to its schema");
        }
    }

    // What the envelope says already, and what only the audit log and the outbox ask for.
    private static void WithoutEnvelope(JsonTypeInfo type)
    {
        if (type.Type.IsAssignableTo(typeof(DomainEvent)))
        {
            foreach (var property in type.Properties.Where(p => Envelope.Contains(p.Name)).ToList())
            {
                type.Properties.Remove(property);
            }
        }
    }

    // Every member is always there, with null where it has no value; more may come with later versions.
    private static JsonNode RequireAll(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is JsonObject { } node && node["properties"] is JsonObject properties)
        {
            node["required"] = new JsonArray([.. properties.Select(p => JsonValue.Create(p.Key))]);
        }

        return schema;
    }
}

/// <summary>An event cannot be told to customers as it is: a bug in whoever recorded it.</summary>
public sealed class InvalidEventException(string type, string reason) : Exception($"The event {type} cannot be published: {reason}.");
