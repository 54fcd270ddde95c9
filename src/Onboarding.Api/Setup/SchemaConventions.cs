using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Says "required" exactly where the serializer does: a constructor parameter without a default.</summary>
/// <remarks>
/// For a response it means "always there". Requests refuse unknown members; responses may grow, so only theirs stay open.
/// </remarks>
internal sealed class SchemaConventions(IOptions<JsonOptions> json) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties.Count: > 0 } concrete || context.MemberInfo is not null || context.ParameterInfo is not null)
        {
            return;
        }

        concrete.AdditionalPropertiesAllowed = !context.Type.Name.EndsWith("Request", StringComparison.Ordinal);
        concrete.Required = json.Value.SerializerOptions.GetTypeInfo(context.Type).Properties
            .Where(property => property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false })
            .Select(property => property.Name)
            .ToHashSet(StringComparer.Ordinal);

        foreach (var (name, property) in concrete.Properties.ToList())
        {
            concrete.Properties[name] = Portable(Unwrapped(property));
        }
    }

    /// <summary>A plain reference where nothing else is said, and a choice of reference and null where it may be null.</summary>
    internal static IOpenApiSchema Unwrapped(IOpenApiSchema schema)
    {
        if (schema is not OpenApiSchema { AllOf: [OpenApiSchemaReference reference] } wrapper)
        {
            return schema;
        }

        if (wrapper.Type?.HasFlag(JsonSchemaType.Null) is not true)
        {
            return reference;
        }

        (wrapper.Type, wrapper.AllOf) = (null, null);
        wrapper.OneOf = [reference, new OpenApiSchema { Type = JsonSchemaType.Null }];
        return wrapper;
    }

    /// <summary>
    /// A pattern of data annotations means the whole text, one of JSON Schema any part of it. Character classes of
    /// Unicode need a flag that validators do not agree on; such a rule is left to the description.
    /// </summary>
    private static IOpenApiSchema Portable(IOpenApiSchema schema)
    {
        if (schema is OpenApiSchema { Pattern: { } pattern } concrete)
        {
            concrete.Pattern = pattern.Contains(@"\p", StringComparison.Ordinal) ? null : $"^(?:{pattern})$";
        }

        return schema;
    }
}
