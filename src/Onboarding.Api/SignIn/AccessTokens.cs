using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Api.Setup;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.SignIn;

/// <summary>Issues access tokens: ES256 JSON Web Tokens as RFC 9068 describes them, for one organization each.</summary>
internal sealed class AccessTokens(SigningKeys keys, IOptions<SignInOptions> options, IOptions<WebOptions> web, TimeProvider clock)
{
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>A token, and how long it is good: never longer than the session that it speaks for (SEC-26).</summary>
    public (string Token, TimeSpan Lifetime) Issue(Organization organization, Member member, Session session)
    {
        var now = clock.GetUtcNow();
        var (limit, left) = (options.Value.AccessTokenLifetime, session.ExpiresAt - now);
        var lifetime = left < limit ? left : limit;
        var token = handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = web.Value.UrlOf(organization),
            Audience = organization.Id,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + lifetime).UtcDateTime,
            TokenType = TokenClaims.Type,
            SigningCredentials = keys.Current,
            Claims = new Dictionary<string, object>
            {
                [TokenClaims.Subject] = member.Id.ToString(),
                [TokenClaims.SessionId] = session.Id.ToString(),
                [TokenClaims.Organization] = organization.Id,
                [TokenClaims.Role] = member.Role!,
                [TokenClaims.Methods] = session.Methods,
                [TokenClaims.AuthenticatedAt] = session.CreatedAt.ToUnixTimeSeconds(),
                [TokenClaims.Id] = Ids.New(now).ToString(),
            },
        });
        return (token, lifetime);
    }
}
