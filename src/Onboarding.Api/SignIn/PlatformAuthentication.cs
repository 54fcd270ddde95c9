using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;

namespace Onboarding.Api.SignIn;

/// <summary>Marks what belongs to the platform and not to an organization: it takes a super admin's token and no other.</summary>
internal sealed record PlatformRoute;

/// <summary>The scheme and the policy of <c>/platform</c>.</summary>
internal static class PlatformAuthentication
{
    /// <summary>The scheme, and the policy that asks for it.</summary>
    public const string Name = "platform";

    /// <summary>Checks tokens of the platform; <paramref name="refuse"/> answers whoever has none.</summary>
    public static void AddPlatformBearer(this IServiceCollection services, Func<JwtBearerChallengeContext, Task> refuse)
    {
        services.AddOptions<PlatformOptions>().BindConfiguration(PlatformOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PlatformTokens>();
        services.AddSingleton<PlatformSessions>();
        services.AddAuthentication().AddJwtBearer(Name, _ => { });
        services.AddOptions<JwtBearerOptions>(Name).Configure<AccessTokenHandler>((options, handler) =>
        {
            options.MapInboundClaims = false;
            options.TokenHandlers.Clear();
            options.TokenHandlers.Add(handler);
            options.Events = new JwtBearerEvents { OnTokenValidated = AgreeAsync, OnChallenge = refuse };
        });
    }

    /// <summary>The policy that routes of the platform ask for.</summary>
    public static AuthorizationPolicy Policy { get; } = new AuthorizationPolicyBuilder(Name).RequireAuthenticatedUser().Build();

    /// <summary>Routes below belong to the platform: no organization, a super admin's token.</summary>
    public static RouteGroupBuilder ForSuperAdmins(this RouteGroupBuilder routes) => routes
        .WithMetadata(new PlatformRoute())
        .ExcludeFromMultiTenantResolution()
        .RequireAuthorization(Name);

    // Audience and issuer both, as for organizations (RFC 8725, sections 3.8 and 3.9); then the session itself.
    private static async Task AgreeAsync(TokenValidatedContext context)
    {
        var (services, token) = (context.HttpContext.RequestServices, (AccessToken)context.SecurityToken);
        var web = services.GetRequiredService<IOptions<WebOptions>>().Value;
        if (token.OrganizationId != PlatformTokens.Audience || token.Issuer != PlatformTokens.IssuerOf(web))
        {
            context.Fail("The token is not for the platform.");
        }
        else if (!await services.GetRequiredService<PlatformSessions>().TryUseAsync(token.SessionId, context.HttpContext.RequestAborted))
        {
            context.Fail("The session has ended.");
        }
    }
}
