using System.Text.Json;
using System.Text.Json.Serialization;

namespace Onboarding.Api.Http;

/// <summary>Refuses U+0000, which is valid in JSON (RFC 8259, section 7) but cannot be stored in a PostgreSQL text.</summary>
/// <remarks>Lone surrogates and bytes that are not UTF-8 are refused by the reader itself.</remarks>
internal sealed class StorableStringConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Storable(reader.GetString()) : throw new JsonException();

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Storable(reader.GetString());

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value);

    // Without a message or path of its own the exception gets the path from the serializer.
    private static string Storable(string? value) =>
        value is not null && !value.Contains('\0', StringComparison.Ordinal) ? value : throw new JsonException();
}
