using Finbuckle.MultiTenant.Abstractions;
using Microsoft.Extensions.Options;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Access">ES256 JSON Web Token; send it as <c>Authorization: Bearer</c>.</param>
/// <param name="Refresh">Opaque; good for one exchange.</param>
/// <param name="ExpiresIn">Seconds until the access token expires.</param>
/// <param name="RefreshExpiresIn">Seconds until the refresh token expires if it is not used.</param>
public sealed record TokenResponse(string Access, string Refresh, string TokenType, int ExpiresIn, int RefreshExpiresIn)
{
    internal static readonly TokenResponse Example = new("eyJhbGciOiJFUzI1NiIs...", "rt_3q2-7wAB...", "Bearer", 600, 1_209_600);
}

/// <summary>Makes the pair of tokens that sign-in and refresh answer with. The caller saves.</summary>
internal sealed class SessionTokens(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, AccessTokens tokens, IOptions<SignInOptions> options, TimeProvider clock)
{
    public TimeSpan SessionLifetime => options.Value.SessionAbsolute;

    public TokenResponse Issue(Member member, Session session, Guid? predecessorId)
    {
        var now = clock.GetUtcNow();
        var (row, refresh) = RefreshToken.Issue(session, predecessorId, options.Value.SessionIdle, now);
        db.RefreshTokens.Add(row);
        return new TokenResponse(
            tokens.Issue(tenant.MultiTenantContext.TenantInfo!, member, session),
            refresh,
            "Bearer",
            (int)tokens.Lifetime.TotalSeconds,
            (int)(row.ExpiresAt - now).TotalSeconds);
    }
}
