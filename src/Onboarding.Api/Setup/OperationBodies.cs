using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Documents every body that one status can have; the API explorer keeps only the last of a union.</summary>
internal sealed class OperationBodies : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var media in operation.RequestBody?.Content?.Values.OfType<OpenApiMediaType>() ?? [])
        {
            media.Schema = media.Schema is { } schema ? SchemaConventions.Unwrapped(schema) : null;
        }

        var unions = context.ApiDescription.ActionDescriptor.EndpointMetadata
            .OfType<IProducesResponseTypeMetadata>()
            .Where(response => response.Type is not null && response.Type != typeof(void))
            .GroupBy(response => response.StatusCode, response => response.Type!)
            .Select(group => (Status: $"{group.Key}", Types: group.Distinct().ToList()))
            .Where(union => union.Types.Count > 1);
        foreach (var (status, types) in unions)
        {
            foreach (var media in operation.Responses?[status].Content?.Values.OfType<OpenApiMediaType>() ?? [])
            {
                media.Schema = new OpenApiSchema
                {
                    OneOf = [.. types.Select(type => context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository))],
                };
            }
        }
    }
}
