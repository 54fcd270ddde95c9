using Microsoft.OpenApi;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;

namespace Onboarding.Api.Setup;

/// <summary>The errors that no use case has to list, because they follow from what guards its endpoint.</summary>
internal static class CommonErrors
{
    public static IEnumerable<OperationError> Of(OpenApiOperation operation, IList<object> metadata)
    {
        var isProtected = OperationSecurity.IsProtected(metadata);
        if (operation.RequestBody is not null || operation.Parameters?.Any(parameter => parameter.In == ParameterLocation.Query) == true)
        {
            yield return new("request.malformed", StatusCodes.Status400BadRequest);
            yield return new("request.invalid", StatusCodes.Status400BadRequest);
        }

        if (operation.RequestBody is not null)
        {
            yield return new("request.too_large", StatusCodes.Status413PayloadTooLarge);
            yield return new("media_type.unsupported", StatusCodes.Status415UnsupportedMediaType);
        }

        if (isProtected)
        {
            yield return new("credentials.required", StatusCodes.Status401Unauthorized);
            yield return new("token.invalid", StatusCodes.Status401Unauthorized);
        }

        // To who runs the platform all of it is open, and to everybody else none of it.
        var isPlatform = metadata.OfType<PlatformRoute>().Any();
        if (isProtected && !isPlatform && OperationSecurity.Policies(metadata).Any())
        {
            yield return new("permission.denied", StatusCodes.Status403Forbidden);
        }

        if (OperationSecurity.TakesApiKeys(metadata))
        {
            yield return new("api_key.network_denied", StatusCodes.Status403Forbidden);
            yield return new("rate_limit.exceeded", StatusCodes.Status429TooManyRequests);
            yield return new("quota.api_requests", StatusCodes.Status429TooManyRequests);
        }
        else if (isProtected && !isPlatform)
        {
            yield return new("session.required", StatusCodes.Status403Forbidden);
        }

        if (!OperationTenant.IsTenantless(metadata))
        {
            yield return new("tenant.required", StatusCodes.Status400BadRequest);
            yield return new("tenant.ambiguous", StatusCodes.Status400BadRequest);
            yield return new("tenant.suspended", StatusCodes.Status403Forbidden);
            yield return new("tenant.not_found", StatusCodes.Status404NotFound);
            yield return new("tenant.provisioning", StatusCodes.Status503ServiceUnavailable);
            yield return new("tenant.migrating", StatusCodes.Status503ServiceUnavailable);
            yield return new("organization.busy", StatusCodes.Status503ServiceUnavailable);

            // Where no credential is asked for, one that is given still has to belong here.
            yield return new("tenant.mismatch", StatusCodes.Status401Unauthorized);
            yield return new("token.invalid", StatusCodes.Status401Unauthorized);
            if (isProtected && !metadata.OfType<ReachableWithoutMfa>().Any())
            {
                yield return new("mfa.setup_required", StatusCodes.Status403Forbidden);
            }
        }

        if (metadata.OfType<RateLimited>().Any())
        {
            yield return new("rate_limit.exceeded", StatusCodes.Status429TooManyRequests);
        }
    }
}
