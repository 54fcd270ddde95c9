using System.Text.Json;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

using Onboarding.Api.Http;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Documents each status of an error with its codes: those of the use case and those that come by themselves.</summary>
internal sealed class OperationProblems(IOptions<JsonOptions> json) : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var schema = context.SchemaGenerator.GenerateSchema(typeof(Problem), context.SchemaRepository);
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var errors = metadata.OfType<OperationError>().Concat(CommonErrors.Of(operation, metadata)).Distinct();

        foreach (var byStatus in errors.GroupBy(error => error.Status).OrderBy(group => group.Key))
        {
            var codes = byStatus.Select(error => error.Code).Order(StringComparer.Ordinal).ToList();
            (operation.Responses ??= [])[$"{byStatus.Key}"] = new OpenApiResponse
            {
                Description = $"{ReasonPhrases.GetReasonPhrase(byStatus.Key)}: {string.Join(", ", codes.Select(code => $"`{code}`"))}",
                Headers = Headers(byStatus.Key),
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType
                    {
                        Schema = schema,
                        Examples = codes.ToDictionary(
                            code => code,
                            code => (IOpenApiExample)new OpenApiExample { Value = Example(code, byStatus.Key, operation, context) }),
                    },
                },
            };
        }
    }

    private static Dictionary<string, IOpenApiHeader>? Headers(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => Header("WWW-Authenticate", "The scheme that is expected.", JsonSchemaType.String),
        StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable => Header("Retry-After", "Seconds to wait.", JsonSchemaType.Integer),
        _ => null,
    };

    private static Dictionary<string, IOpenApiHeader> Header(string name, string description, JsonSchemaType type) =>
        new() { [name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } } };

    private JsonNode? Example(string code, int status, OpenApiOperation operation, OperationFilterContext context) =>
        JsonSerializer.SerializeToNode(
            new Problem(
                $"urn:problem:{code}",
                ReasonPhrases.GetReasonPhrase(status),
                status,
                code,
                "4bf92f3577b34da6a3ce929d0e0e4736",
                Errors: code == "request.invalid" ? Errors(operation, context) : null),
            json.Value.SerializerOptions);

    /// <summary>Complains about the first field of the body, or else the first query parameter.</summary>
    private static Dictionary<string, string[]> Errors(OpenApiOperation operation, OperationFilterContext context)
    {
        var body = context.ApiDescription.ParameterDescriptions.FirstOrDefault(parameter => parameter.Source.Id == "Body")?.Type;
        var field = body is not null && context.SchemaRepository.TryLookupByType(body, out var reference)
            ? context.SchemaRepository.Schemas[reference.Reference.Id!].Properties?.Keys.FirstOrDefault()
            : operation.Parameters?.FirstOrDefault(parameter => parameter.In == ParameterLocation.Query)?.Name;
        field ??= "field";
        return new() { [field] = [$"The value of {field} is not acceptable."] };
    }
}
