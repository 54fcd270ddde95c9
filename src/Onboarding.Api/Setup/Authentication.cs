using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using SignInOptions = Onboarding.Api.SignIn.SignInOptions;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Setup;

/// <summary>Who calls, and what they may do: bearer tokens, API keys, and one policy per permission.</summary>
internal static partial class Authentication
{
    /// <summary>The scheme that looks at what was shown, and asks that of tokens or that of API keys.</summary>
    private const string Credential = "Credential";

    private static readonly object RefusalKey = new();

    public static IServiceCollection AddSignIn(this IServiceCollection services)
    {
        services.AddOptions<SignInOptions>().BindConfiguration(SignInOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<AccessTokenHandler>();
        services.AddSingleton<RevokedTokens>();
        services.AddSingleton<PasswordGate>();
        services.AddSingleton<TotpSeeds>();
        services.AddSingleton<IImportedSecrets, ImportedTotp>();
        services.AddSingleton<IPasswordHasher<Member>, PasswordHasher<Member>>();
        services.AddOptions<PasswordHasherOptions>()
            .Configure<IOptions<SignInOptions>>((hasher, signIn) => hasher.IterationCount = signIn.Value.PasswordIterations);
        services.AddIdentityCore<Member>().AddEntityFrameworkStores<TenantDbContext>();

        services.AddHttpContextAccessor();
        services.AddScoped<RequestActor>();
        services.AddOptions<ApiKeyOptions>().BindConfiguration(ApiKeyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KnownApiKeys>();
        services.AddSingleton<CountedApiKeys>();
        services.AddSingleton<ApiRequestQuota>();
        services.AddAuthentication(Credential)
            .AddPolicyScheme(Credential, displayName: null, options => options.ForwardDefaultSelector = http =>
                http.GetEndpoint()?.Metadata.GetMetadata<PlatformRoute>() is not null ? PlatformAuthentication.Name
                : PresentedApiKey.Of(http.Request) is null ? JwtBearerDefaults.AuthenticationScheme
                : ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, configureOptions: null)
            .AddJwtBearer();
        services.AddPlatformBearer(RefuseAsync);
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<AccessTokenHandler>((options, handler) =>
        {
            options.MapInboundClaims = false;
            options.TokenHandlers.Clear();
            options.TokenHandlers.Add(handler);
            options.Events = new JwtBearerEvents { OnTokenValidated = AgreeWithOrganizationAsync, OnChallenge = RefuseAsync, OnForbidden = NoteDenialAsync };
        });

        return AddPolicies(services);
    }

    /// <summary>
    /// Goes right after authentication. A credential of another organization is refused everywhere, on anonymous
    /// routes too (SEC-1), and so is one that alone names the organization and is not good.
    /// </summary>
    public static IApplicationBuilder UseTenantAgreement(this IApplicationBuilder app) => app.Use((context, next) =>
        context.Items.ContainsKey(RefusalKey) || (TenantResolution.IsNamedByApiKey(context) && context.User.Identity is not { IsAuthenticated: true })
            ? Refusal(context).ExecuteAsync(context)
            : next(context));

    /// <summary>The answer to a credential that is not good.</summary>
    public static IResult InvalidCredential(HttpContext context) => Refusal(context);

    private static IServiceCollection AddPolicies(IServiceCollection services)
    {
        // What names no permission belongs to a person: only who is signed in has a session, a machine's key has none, and a
        // super admin who acts here is no member. Beside a permission it keeps both out.
        var session = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireClaim(TokenClaims.SessionId)
            .RequireAssertion(context => !context.User.HasClaim(claim => claim.Type == TokenClaims.Acting)).Build();
        var policies = services.AddAuthorizationBuilder().SetDefaultPolicy(session).SetFallbackPolicy(session).AddPolicy(PlatformAuthentication.Name, PlatformAuthentication.Policy);
        foreach (var permission in Permissions.All)
        {
            policies.AddPolicy(permission, policy => policy.RequireAuthenticatedUser().RequireAssertion(context =>
                context.Resource is HttpContext http && RequestActor.PermissionsOf(http).Contains(permission)));
        }

        return services;
    }

    /// <summary>Whether an endpoint takes API keys: where it names a permission, which a key can hold, and asks for no session beside it.</summary>
    public static bool TakesApiKeys(EndpointMetadataCollection metadata)
    {
        if (metadata.GetMetadata<IAllowAnonymous>() is not null || metadata.GetMetadata<PlatformRoute>() is not null)
        {
            return false;
        }

        var named = false;
        foreach (var data in metadata.GetOrderedMetadata<IAuthorizeData>())
        {
            // What names nothing is the default policy, and that is the session.
            if (data.Policy is null)
            {
                return false;
            }

            named = true;
        }

        return named;
    }

    /// <summary>Notes that a key of organization <paramref name="named"/> was shown to another one, for the answer and for the log.</summary>
    public static void RefuseKeyOfAnotherOrganization(HttpContext http, Guid named, Organization organization)
    {
        http.Items[RefusalKey] = true;
        KeyOfAnotherOrganization(Logger(http), named, organization.Id);
    }

    /// <summary>Notes in the log that a caller has no permission; the answer itself is written further out, as for every status without a body.</summary>
    public static void NoteDenial(HttpContext http) => Denied(
        Logger(http), http.User.FindFirst(TokenClaims.Subject)?.Value ?? http.User.FindFirst(TokenClaims.ApiKey)?.Value,
        http.GetMultiTenantContext<Organization>().TenantInfo?.Id, http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);

    private static async Task AgreeWithOrganizationAsync(TokenValidatedContext context)
    {
        var http = context.HttpContext;
        var token = (AccessToken)context.SecurityToken;
        if (http.GetMultiTenantContext<Organization>().TenantInfo is not { } organization)
        {
            context.Fail("The route belongs to no organization.");
            return;
        }

        // Both must agree: the audience is the organization's id, and the issuer its address (RFC 8725, sections 3.8 and 3.9).
        var web = http.RequestServices.GetRequiredService<IOptions<WebOptions>>().Value;
        if (token.OrganizationId != organization.Id || token.Issuer != web.UrlOf(organization))
        {
            http.Items[RefusalKey] = true;
            OfAnotherOrganization(Logger(http), token.MemberId, token.OrganizationId, organization.Id);
            context.Fail("The token belongs to another organization.");
            return;
        }

        // A super admin who acts here does so for as long as the session on the platform lives.
        var services = http.RequestServices;
        var ended = context.Principal!.HasClaim(claim => claim.Type == TokenClaims.Acting)
            ? !await services.GetRequiredService<PlatformSessions>().TryUseAsync(token.SessionId, http.RequestAborted)
            : services.GetRequiredService<RevokedTokens>().Contains(organization, token.SessionId, token.MemberId, token.IssuedAt);
        if (ended)
        {
            context.Fail("The session has ended.");
        }
    }

    private static Task NoteDenialAsync(ForbiddenContext context)
    {
        NoteDenial(context.HttpContext);
        return Task.CompletedTask;
    }

    private static ILogger Logger(HttpContext http) => http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Authentication));

    [LoggerMessage(LogLevel.Warning, "Member or API key {Caller} of organization {Organization} has no permission for {Method} {Route}.")]
    private static partial void Denied(ILogger logger, string? caller, string? organization, string method, string? route);

    [LoggerMessage(LogLevel.Warning, "A token of member {Member} of organization {Audience} was shown to organization {Organization}.")]
    private static partial void OfAnotherOrganization(ILogger logger, Guid member, string audience, string organization);

    [LoggerMessage(LogLevel.Warning, "An API key of organization {Named} was shown to organization {Organization}.")]
    private static partial void KeyOfAnotherOrganization(ILogger logger, Guid named, string organization);

    private static Task RefuseAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        return Refusal(context.HttpContext, context.AuthenticateFailure is not null).ExecuteAsync(context.HttpContext);
    }

    private static IResult Refusal(HttpContext context, bool tokenGiven = true)
    {
        // RFC 6750, section 3: without a token the challenge carries no error.
        context.Response.Headers[HeaderNames.WWWAuthenticate] = tokenGiven ? "Bearer error=\"invalid_token\"" : "Bearer";
        return (tokenGiven, context.Items.ContainsKey(RefusalKey)) switch
        {
            (_, true) => Problems.Unauthorized("tenant.mismatch", "This credential belongs to another organization."),
            (true, _) => Problems.Unauthorized("token.invalid", "The access token or API key is not valid, or its session has ended."),
            _ => Problems.Unauthorized("credentials.required", "Sign in first."),
        };
    }
}
