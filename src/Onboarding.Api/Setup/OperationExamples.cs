using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

using Onboarding.Api.Http;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Shows the examples of an operation as the application would write them.</summary>
internal sealed class OperationExamples(IOptions<JsonOptions> json) : IOperationFilter
{
    private readonly JsonSerializerOptions responses = json.Value.SerializerOptions;

    /// <summary>Nobody writes out the members that a request leaves out.</summary>
    private readonly JsonSerializerOptions requests =
        new(json.Value.SerializerOptions) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var examples = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<OperationExample>().ToList();
        Show(operation.RequestBody?.Content, [.. examples.Where(example => example.Request is not null)], example => example.Request, requests);

        var success = operation.Responses?.Keys.FirstOrDefault(status => status.StartsWith('2'));
        foreach (var group in examples
            .Where(example => example.Response is not null)
            .GroupBy(example => example.Status?.ToString(CultureInfo.InvariantCulture) ?? success))
        {
            if (group.Key is not { } status || operation.Responses?.TryGetValue(status, out var response) is not true)
            {
                throw new InvalidOperationException($"{operation.OperationId} has an example for a response that it does not declare.");
            }

            Show(response.Content, [.. group], example => example.Response, responses);
        }
    }

    private static void Show(
        IDictionary<string, IOpenApiMediaType>? content,
        List<OperationExample> examples,
        Func<OperationExample, object?> body,
        JsonSerializerOptions options)
    {
        foreach (var media in content?.Values.OfType<OpenApiMediaType>() ?? [])
        {
            if (examples is [var only])
            {
                media.Example = JsonSerializer.SerializeToNode(body(only), options);
                continue;
            }

            foreach (var (index, example) in examples.Index())
            {
                (media.Examples ??= new Dictionary<string, IOpenApiExample>())[example.Name ?? $"example_{index + 1}"] = new OpenApiExample
                {
                    Value = JsonSerializer.SerializeToNode(body(example), options),
                };
            }
        }
    }
}
