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
            var schema = OneOf(types, $"{char.ToUpperInvariant(operation.OperationId![0])}{operation.OperationId[1..]}Response", context);
            foreach (var media in operation.Responses?[status].Content?.Values.OfType<OpenApiMediaType>() ?? [])
            {
                media.Schema = schema;
            }
        }
    }

    /// <summary>One of the types, and beside that the members of all: of a mere choice, generators of C# clients see the first type alone.</summary>
    private static OpenApiSchemaReference OneOf(List<Type> types, string name, OperationFilterContext context)
    {
        var repository = context.SchemaRepository;
        var schemas = types.Select(type => context.SchemaGenerator.GenerateSchema(type, repository)).ToList();
        return repository.AddDefinition(name, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            AnyOf = schemas,
            Properties = schemas.OfType<OpenApiSchemaReference>()
                .SelectMany(schema => repository.Schemas[schema.Reference.Id!].Properties ?? new Dictionary<string, IOpenApiSchema>())
                .DistinctBy(property => property.Key)
                .ToDictionary(),
        });
    }
}
