using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Api.Setup;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.SignIn;

/// <summary>How a super admin acts inside an organization.</summary>
internal enum Acting
{
    /// <summary>Looks, and changes nothing.</summary>
    Read,

    /// <summary>Does what an admin may do.</summary>
    Write,
}

/// <summary>Issues the two kinds of token that super admins have: one for the platform, and one for each organization that they enter (SEC-37).</summary>
/// <remarks>
/// Both are access tokens as RFC 9068 describes them, signed as members' are, and each is for its own audience: that of the
/// platform opens no organization, and that of an organization opens no other one and nothing of the platform.
/// </remarks>
internal sealed class PlatformTokens(SigningKeys keys, IOptions<WebOptions> web, TimeProvider clock)
{
    /// <summary>The audience of the platform; organizations have their ids.</summary>
    public const string Audience = "platform";

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The issuer of the platform's tokens: the bare base domain.</summary>
    public static string IssuerOf(WebOptions web) => web.PublicUrl.TrimEnd('/');

    /// <summary>A token for the platform, good for as long as the session.</summary>
    public string Issue(SuperAdmin admin, SuperAdminSession session) => Sign(
        IssuerOf(web.Value),
        Audience,
        session.ExpiresAt,
        new()
        {
            [TokenClaims.Subject] = admin.Id.ToString(),
            [TokenClaims.SessionId] = session.Id.ToString(),
            [TokenClaims.Methods] = session.IsMultiFactor
                ? new[] { AuthenticationMethods.Password, AuthenticationMethods.OneTimePassword, AuthenticationMethods.MultiFactor }
                : [AuthenticationMethods.Password],
            [TokenClaims.AuthenticatedAt] = session.CreatedAt.ToUnixTimeSeconds(),
            [TokenClaims.Id] = Ids.New(clock.GetUtcNow()).ToString(),
        });

    /// <summary>A token for one organization. It ends with the session in whose name it was asked for.</summary>
    /// <param name="grant">What the audit logs call it.</param>
    public string IssueFor(Organization organization, Guid admin, Guid session, Acting acting, Guid grant, DateTimeOffset until) => Sign(
        web.Value.UrlOf(organization),
        organization.Id,
        until,
        new()
        {
            [TokenClaims.Subject] = admin.ToString(),
            [TokenClaims.SessionId] = session.ToString(),
            [TokenClaims.Organization] = organization.Id,
            [TokenClaims.Acting] = acting.ToString().ToLowerInvariant(),
            [TokenClaims.Id] = grant.ToString(),
        });

    private string Sign(string issuer, string audience, DateTimeOffset expires, Dictionary<string, object> claims)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = expires.UtcDateTime,
            TokenType = TokenClaims.Type,
            SigningCredentials = keys.Current,
            Claims = claims,
        });
    }
}
