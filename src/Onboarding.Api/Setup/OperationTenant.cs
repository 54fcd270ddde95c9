using Finbuckle.MultiTenant.AspNetCore.Routing;

using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Offers <c>X-Tenant</c> on every operation that belongs to an organization.</summary>
internal sealed class OperationTenant : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (IsTenantless(context.ApiDescription.ActionDescriptor.EndpointMetadata))
        {
            return;
        }

        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = "X-Tenant",
            In = ParameterLocation.Header,
            Description = "The organization's identifier; not needed where the host or an API key names it.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Example = "acme",
        });
    }

    internal static bool IsTenantless(IEnumerable<object> metadata) =>
        metadata.OfType<IExcludeFromMultiTenantResolutionMetadata>().Any();
}
