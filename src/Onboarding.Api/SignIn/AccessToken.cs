using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Onboarding.Api.SignIn;

/// <summary>What is kept of an access token whose signature was good: a tenth of the token as it came.</summary>
internal sealed class AccessToken : SecurityToken
{
    private AccessToken(JsonWebToken token, Guid memberId, Guid sessionId)
    {
        (MemberId, SessionId) = (memberId, sessionId);
        (Id, Issuer, OrganizationId) = (token.Id, token.Issuer, token.Audiences.FirstOrDefault() ?? "");
        (IssuedAt, ValidFrom, ValidTo) = (token.IssuedAt, token.ValidFrom, token.ValidTo);
        IsActing = token.TryGetClaim(TokenClaims.Acting, out _);
    }

    public Guid MemberId { get; }

    public Guid SessionId { get; }

    /// <summary>Whether a super admin acts by it inside an organization.</summary>
    public bool IsActing { get; }

    /// <summary>The audience: whose token it is.</summary>
    public string OrganizationId { get; }

    /// <summary>In UTC, like the other two.</summary>
    public DateTime IssuedAt { get; }

    public override string Id { get; }

    public override string Issuer { get; }

    public override DateTime ValidFrom { get; }

    public override DateTime ValidTo { get; }

    public override SecurityKey? SecurityKey => null;

    public override SecurityKey? SigningKey { get; set; }

    /// <summary>The token and who it speaks for; null when it names no member or no session.</summary>
    public static (AccessToken Token, ClaimsIdentity Identity)? Read(JsonWebToken token)
    {
        if (!Guid.TryParse(token.Subject, out var member) || !token.TryGetClaim(TokenClaims.SessionId, out var sid) || !Guid.TryParse(sid.Value, out var session))
        {
            return null;
        }

        var identity = new ClaimsIdentity(nameof(AccessToken), TokenClaims.Subject, TokenClaims.Role);
        foreach (var type in TokenClaims.Kept)
        {
            identity.AddClaims(token.Claims.Where(claim => claim.Type == type).Select(claim => new Claim(type, claim.Value, claim.ValueType)));
        }

        return (new(token, member, session), identity);
    }
}
