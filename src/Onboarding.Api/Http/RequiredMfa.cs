using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authorization;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Http;

/// <summary>Marks what a session reaches that has shown less than the organization requires.</summary>
internal sealed record ReachableWithoutMfa;

/// <summary>Holds sessions to what the organization requires: a second factor, or a passkey where it takes no passwords.</summary>
/// <remarks>
/// Judged at each request by what the token says and what the organization has settled by now, so that a requirement
/// acts on live sessions, and ends for them, without a new token (SEC-33). A route that says nothing is not reached.
/// </remarks>
internal static class RequiredMfa
{
    public static TBuilder ReachableWithoutMfa<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ReachableWithoutMfa());

    /// <summary>Goes behind the agreement of token and organization.</summary>
    public static IApplicationBuilder UseRequiredMfa(this IApplicationBuilder app) => app.Use((context, next) => Missing(context) is { } missing && !IsReachable(context)
        ? Problems.Forbidden("mfa.setup_required", missing).ExecuteAsync(context)
        : next(context));

    private static string? Missing(HttpContext context)
    {
        if (context.GetMultiTenantContext<Organization>().TenantInfo is not { Settings: var settings } || !context.User.HasClaim(claim => claim.Type == TokenClaims.SessionId) || ActingSuperAdmin.Of(context) is not null)
        {
            return null;
        }

        return !settings.TakesPasswords && !Has(AuthenticationMethods.HardwareKey)
                ? "Your organization takes no passwords. Add a passkey if you have none, then sign in by it or refresh your tokens."
            : settings.MfaRequiredFrom is not null && settings.RequiresMfa(context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()) && !Has(AuthenticationMethods.MultiFactor)
                ? "Your organization requires a second factor. Set one up, then refresh your tokens or sign in again."
            : null;

        bool Has(string method) => context.User.HasClaim(TokenClaims.Methods, method);
    }

    private static bool IsReachable(HttpContext context) =>
        context.GetEndpoint()?.Metadata is not { } metadata
        || metadata.GetMetadata<IAllowAnonymous>() is not null
        || metadata.GetMetadata<ReachableWithoutMfa>() is not null;
}
