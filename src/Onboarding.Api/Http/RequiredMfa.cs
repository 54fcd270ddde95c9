using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authorization;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Http;

/// <summary>Marks what a session reaches that has shown one factor where the organization requires two.</summary>
internal sealed record ReachableWithoutMfa;

/// <summary>Holds sessions to the organization's requirement of a second factor.</summary>
/// <remarks>
/// Judged at each request by what the token says and what the organization has settled by now, so that a requirement
/// acts on live sessions, and ends for them, without a new token (SEC-33). A route that says nothing is not reached.
/// </remarks>
internal static class RequiredMfa
{
    public static TBuilder ReachableWithoutMfa<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ReachableWithoutMfa());

    /// <summary>Goes behind the agreement of token and organization.</summary>
    public static IApplicationBuilder UseRequiredMfa(this IApplicationBuilder app) => app.Use((context, next) => MustSetUp(context)
        ? Problems.Forbidden("mfa.setup_required", "Your organization requires a second factor. Set one up, then refresh your tokens or sign in again.").ExecuteAsync(context)
        : next(context));

    private static bool MustSetUp(HttpContext context) =>
        context.GetMultiTenantContext<Organization>().TenantInfo is { Settings: { MfaRequiredFrom: not null } settings }
        && settings.RequiresMfa(context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow())
        && context.User.HasClaim(claim => claim.Type == TokenClaims.SessionId)
        && !context.User.HasClaim(TokenClaims.Methods, AuthenticationMethods.MultiFactor)
        && context.GetEndpoint()?.Metadata is { } metadata
        && metadata.GetMetadata<IAllowAnonymous>() is null
        && metadata.GetMetadata<ReachableWithoutMfa>() is null;
}
