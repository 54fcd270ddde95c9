using System.Security.Claims;
using System.Text.Encodings.Web;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.SignIn;

/// <summary>Takes API keys. Whatever is wrong with one, the answer is that to a bad token.</summary>
internal sealed class ApiKeyAuthentication(
    KnownApiKeys keys, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    private TooManyUnknownKeysException? guessing;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (PresentedApiKey.Of(Request) is not { } key)
        {
            return AuthenticateResult.NoResult();
        }

        if (Context.GetMultiTenantContext<Organization>().TenantInfo is not { } organization)
        {
            return AuthenticateResult.Fail("The route belongs to no organization.");
        }

        // That it was shown to the wrong organization is said first (SEC-1).
        var named = ApiKeyToken.OrganizationOf(key);
        if (named is { } other && other != organization.Key)
        {
            Authentication.RefuseKeyOfAnotherOrganization(Context, other, organization);
            return AuthenticateResult.Fail("The API key belongs to another organization.");
        }

        try
        {
            return named is not null && !PresentedApiKey.HasCompany(Request) && await keys.FindAsync(organization, key, Context) is { } identity
                ? AuthenticateResult.Success(new(new ClaimsPrincipal(identity), Scheme.Name))
                : AuthenticateResult.Fail("The API key is not valid.");
        }
        catch (TooManyUnknownKeysException exception)
        {
            guessing = exception;
            return AuthenticateResult.Fail(exception);
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        (guessing is null ? Authentication.InvalidCredential(Context) : ThrottleExtensions.TooMany(Context, guessing.Limit, guessing.Wait)).ExecuteAsync(Context);

    // Where a session is needed, a key lacks nothing that anybody could give it.
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        if (Context.GetEndpoint() is { } endpoint && !Authentication.TakesApiKeys(endpoint.Metadata))
        {
            return Problems.Forbidden("session.required", "This belongs to a signed-in member; an API key has no say in it.").ExecuteAsync(Context);
        }

        Authentication.NoteDenial(Context);
        return base.HandleForbiddenAsync(properties);
    }
}
