using Microsoft.OpenApi;

using Onboarding.Api.Http;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Shows the values of a <see cref="Choice{TEnum}"/>, which the API explorer takes for free text.</summary>
internal sealed class ChoiceParameters : IParameterFilter
{
    public void Apply(IOpenApiParameter parameter, ParameterFilterContext context)
    {
        var declared = context.ParameterInfo?.ParameterType ?? (context.PropertyInfo?.PropertyType);
        var type = declared is null ? null : Nullable.GetUnderlyingType(declared) ?? declared;
        if (parameter is OpenApiParameter concrete && type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(Choice<>))
        {
            concrete.Schema = context.SchemaGenerator.GenerateSchema(type.GetGenericArguments()[0], context.SchemaRepository);
            if (context.SchemaRepository.TryLookupByType(type, out var wrapper))
            {
                context.SchemaRepository.Schemas.Remove(wrapper.Reference.Id!);
            }
        }
    }
}
