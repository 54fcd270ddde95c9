using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>Holds API keys to their networks and their rate, and counts their requests.</summary>
/// <remarks>Only where keys are taken: elsewhere one opens nothing, and so has nothing to lose.</remarks>
internal static class ApiKeyLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Goes behind the agreement of credential and organization.</summary>
    public static IApplicationBuilder UseApiKeyLimits(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.User.Identity is not ApiKeyIdentity key || context.GetEndpoint() is not { } endpoint || !Authentication.TakesApiKeys(endpoint.Metadata))
        {
            return next(context);
        }

        var organization = context.GetMultiTenantContext<Organization>().TenantInfo!;
        var refusal = Refusal(context, key, organization);
        context.RequestServices.GetRequiredService<CountedApiKeys>().Count(organization, key.KeyId, refused: refusal is not null);
        return refusal is null ? next(context) : refusal.ExecuteAsync(context);
    });

    private static IResult? Refusal(HttpContext context, ApiKeyIdentity key, Organization organization) =>
        !key.MayComeFrom(context.Connection.RemoteIpAddress)
            ? Problems.Forbidden("api_key.network_denied", "This API key may not be used from this network.")
        : context.RequestServices.GetRequiredService<Throttle>().Count(new("api_key", organization.Key, key.Party), key.RateLimit, Window) is { } wait
            ? ThrottleExtensions.TooMany(context, key.RateLimit, wait)
        : null;
}
