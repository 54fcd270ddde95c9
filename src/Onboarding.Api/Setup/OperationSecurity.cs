using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;

using Onboarding.Api.SignIn;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Names the credentials and the permission of an operation, from the metadata that enforces them.</summary>
internal sealed class OperationSecurity : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        operation.Description ??= operation.Summary is { } summary ? summary + "." : null;

        if (!IsProtected(metadata))
        {
            return;
        }

        operation.Security = [new() { [new OpenApiSecuritySchemeReference(Swagger.Bearer, context.Document)] = [] }];
        if (metadata.OfType<PlatformRoute>().Any())
        {
            operation.Description += "\n\nFor super admins: the token of `POST /platform/login`.";
            return;
        }

        if (TakesApiKeys(metadata))
        {
            operation.Security.Add(new() { [new OpenApiSecuritySchemeReference(Swagger.ApiKey, context.Document)] = [] });
        }
        else
        {
            operation.Description += "\n\nFor signed-in members; an API key is not enough.";
        }

        if (string.Join(", ", Policies(metadata).Select(policy => $"`{policy}`")) is { Length: > 0 } policies)
        {
            operation.Description += $"\n\nNeeds {policies}.";
        }
    }

    /// <summary>The fallback policy asks for a sign-in wherever nothing says otherwise.</summary>
    internal static bool IsProtected(IEnumerable<object> metadata) => !metadata.OfType<IAllowAnonymous>().Any();

    internal static bool TakesApiKeys(IEnumerable<object> metadata) => Authentication.TakesApiKeys(new EndpointMetadataCollection(metadata));

    internal static IEnumerable<string> Policies(IEnumerable<object> metadata) =>
        metadata.OfType<IAuthorizeData>().Select(data => data.Policy).OfType<string>().Distinct();
}
