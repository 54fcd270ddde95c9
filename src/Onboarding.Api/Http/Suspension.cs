using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>Marks what whoever pays for a suspended organization reaches all the same: signing in, and billing.</summary>
internal sealed record ReachableWhileSuspended;

/// <summary>Gives everybody in a suspended organization the same refusal, but for those who can put an end to it (ONB-14).</summary>
/// <remarks>
/// Two steps, because who calls is known late: whatever is not marked is refused as soon as the organization is known, and of the
/// rest whatever is no session of somebody who manages billing. Where nobody has signed in yet, the sign-in itself asks.
/// </remarks>
internal static class Suspension
{
    public static TBuilder ReachableWhileSuspended<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ReachableWhileSuspended());

    /// <summary>Whether the route may be reached by somebody.</summary>
    public static bool IsReachable(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ReachableWhileSuspended>() is not null;

    /// <summary>The refusal.</summary>
    public static ProblemHttpResult Refusal() => Problems.Forbidden("tenant.suspended", "This organization is suspended.");

    /// <summary>Goes behind the agreement of credential and organization.</summary>
    public static IApplicationBuilder UseSuspension(this IApplicationBuilder app) => app.Use((context, next) =>
        context.GetMultiTenantContext<Organization>().TenantInfo is not { Status: OrganizationStatus.Suspended } organization || IsAdmitted(context, organization)
            ? next(context)
            : Refusal().ExecuteAsync(context));

    private static bool IsAdmitted(HttpContext context, Organization organization) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null
        || (context.User.HasClaim(claim => claim.Type == TokenClaims.SessionId) && organization.Admits(context.User.FindFirst(TokenClaims.Role)?.Value));
}
