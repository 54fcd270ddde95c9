using System.Text.Json.Serialization;

namespace Onboarding.Api.Setup;

/// <summary>An error (RFC 9457).</summary>
/// <remarks>Only for the document; the running code writes the framework's own type.</remarks>
/// <param name="Type"><c>urn:problem:</c> and the code.</param>
/// <param name="Title">The name of the status.</param>
/// <param name="Status">The status of the response.</param>
/// <param name="Code">Stable; branch on this.</param>
/// <param name="TraceId">Quote it when you ask for help.</param>
/// <param name="Detail">A sentence for people; may change.</param>
/// <param name="Errors">With <c>request.invalid</c>: what is wrong, by field.</param>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Code,
    string TraceId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string[]>? Errors = null);
