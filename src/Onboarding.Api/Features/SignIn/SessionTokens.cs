using System.Text.Json.Serialization;
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
/// <param name="MfaSetupRequiredBy">There where the organization requires a second factor and this session has shown none: from then on it reaches nothing but <c>/me</c>, where one is set up.</param>
/// <param name="DeviceToken">There where the device was to be remembered: send it along with the next sign-in, and no second factor is asked for.</param>
public sealed record TokenResponse(
    string Access, string Refresh, string TokenType, int ExpiresIn, int RefreshExpiresIn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? MfaSetupRequiredBy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? DeviceToken = null)
{
    internal static readonly TokenResponse Example = new("eyJhbGciOiJFUzI1NiIs...", "rt_3q2-7wAB...", "Bearer", 600, 1_209_600);
}

/// <summary>Makes the pair of tokens that sign-in and refresh answer with. The caller saves.</summary>
internal sealed class SessionTokens(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, AccessTokens tokens, IOptions<SignInOptions> options, TimeProvider clock)
{
    /// <summary>After so long a session ends however busy: the organization's limit where it is the shorter one.</summary>
    public TimeSpan SessionLifetime => Shorter(options.Value.SessionAbsolute, Organization.Settings.SessionAbsoluteMinutes);

    private TimeSpan SessionIdle => Shorter(options.Value.SessionIdle, Organization.Settings.SessionIdleMinutes);

    private Organization Organization => tenant.MultiTenantContext.TenantInfo!;

    public TokenResponse Issue(Member member, Session session, Guid? predecessorId)
    {
        var now = clock.GetUtcNow();
        var (row, refresh) = RefreshToken.Issue(session, predecessorId, SessionIdle, now);
        db.RefreshTokens.Add(row);
        var (access, lifetime) = tokens.Issue(Organization, member, session);
        return new TokenResponse(
            access,
            refresh,
            "Bearer",
            (int)lifetime.TotalSeconds,
            (int)(row.ExpiresAt - now).TotalSeconds,
            session.IsMultiFactor ? null : Organization.Settings.MfaRequiredFrom);
    }

    private static TimeSpan Shorter(TimeSpan limit, int? minutes) => minutes is { } m && TimeSpan.FromMinutes(m) < limit ? TimeSpan.FromMinutes(m) : limit;
}
