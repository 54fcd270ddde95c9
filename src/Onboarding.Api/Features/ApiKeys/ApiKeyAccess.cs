using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.ApiKeys;

/// <summary>Which keys a caller sees and which they change, and how a change reaches every node.</summary>
/// <remarks>
/// Whoever manages the organization's keys sees the members' too, and can revoke them. Changing one, or rotating it, would
/// be to act as somebody else: those answer as if they were missing (SEC-3).
/// </remarks>
internal sealed class ApiKeyAccess(TenantDbContext db, RequestActor actor, CachedOrganizationStore organizations, TimeProvider clock)
{
    /// <summary>Keys that the caller sees and can revoke.</summary>
    /// <param name="own">Whether the signed-in member's own are meant.</param>
    public IQueryable<ApiKey> Seen(bool own) => own ? Held(own) : db.ApiKeys;

    /// <summary>Keys that the caller can change and rotate.</summary>
    public IQueryable<ApiKey> Held(bool own)
    {
        var owner = Owner(own);
        return db.ApiKeys.Where(k => k.OwnerId == owner);
    }

    /// <summary>Whose keys are meant: the signed-in member; null for the organization.</summary>
    public Guid? Owner(bool own) => own ? actor.MemberId : null;

    /// <summary>
    /// Why the caller must not get hold of a key: it may do what they may not. A member's own key never does, whatever its
    /// scopes say: it is held to the role.
    /// </summary>
    public ProblemHttpResult? Refusal(ApiKey key) => key.OwnerId is not null || actor.Permissions.IsSupersetOf(key.Scopes)
        ? null
        : Problems.Forbidden("permission.not_grantable", "This key holds a permission that you do not hold.");

    /// <summary>Revokes every key of a member who leaves. The caller saves, and then calls <see cref="ForgetAsync"/>.</summary>
    public async Task RevokeAllOfAsync(Guid memberId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        foreach (var key in await db.ApiKeys.FromSql($"SELECT *, xmin FROM api_keys WHERE owner_id = {memberId} AND revoked_at IS NULL ORDER BY id FOR UPDATE").ToListAsync(cancellationToken))
        {
            db.Record(key.Revoke(now)!, actor.ToActor());
        }
    }

    /// <summary>Whether a member has keys that somebody may remember.</summary>
    public Task<bool> AnyOfAsync(Guid memberId, CancellationToken cancellationToken) =>
        db.ApiKeys.AnyAsync(k => k.OwnerId == memberId && k.RevokedAt == null, cancellationToken);

    /// <summary>Makes every node look its keys up again (SEC-24). Goes behind the commit.</summary>
    public Task ForgetAsync(CancellationToken cancellationToken) => organizations.TouchAsync(db.Organization!.Key, cancellationToken);

    public static ProblemHttpResult NotFound() => Problems.NotFound("api_key.not_found", "There is no such API key here.");

    public static ProblemHttpResult Revoked() => Problems.Conflict("api_key.revoked", "This API key is revoked for good. Create another one.");

    /// <summary>The answer to whoever lost a race: which of the two secrets or scopes would hold is nobody's to guess.</summary>
    public static ProblemHttpResult Raced() => Problems.Conflict("api_key.changed", "The API key was changed at the same moment. Look again.");
}
