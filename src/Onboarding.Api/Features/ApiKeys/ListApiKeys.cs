using System.Linq.Expressions;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApiKeys;

/// <param name="Hint">The last four characters of the key.</param>
/// <param name="OwnerId">The member whose key it is; null for the organization's own.</param>
/// <param name="Owner">Their user name.</param>
/// <param name="CreatedBy">Id of the member who created it.</param>
/// <param name="Scopes">Permissions that it holds; those of a member's key count as far as the role allows them.</param>
/// <param name="AllowedNetworks">Where it may be used from; empty for everywhere.</param>
/// <param name="RateLimit">Requests a minute; null for the default.</param>
/// <param name="PreviousUntil">Until when the key before the last rotation works too.</param>
/// <param name="LastUsedAt">To about a minute.</param>
/// <param name="Key">The key itself, in the answer that made it and never again.</param>
public sealed record ApiKeyResponse(
    Guid Id, string Name, string Hint, ApiKeyStatus Status, Guid? OwnerId, string? Owner, Guid? CreatedBy, IReadOnlyList<string> Scopes, IReadOnlyList<string> AllowedNetworks,
    int? RateLimit, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? PreviousUntil, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null)
{
    internal static readonly ApiKeyResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000006"), "Badge printer", "x7Qa", ApiKeyStatus.Active, null, null,
        Guid.Parse("01990000-0000-7000-8000-000000000001"), [Permissions.ApproveMembers], ["192.0.2.0/24"], 60,
        DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(365), null, null, null);

    internal static Expression<Func<ApiKey, ApiKeyResponse>> From(TenantDbContext db, DateTimeOffset now) => k => new ApiKeyResponse(
        k.Id, k.Name, k.Hint,
        k.RevokedAt != null ? ApiKeyStatus.Revoked : k.ExpiresAt <= now ? ApiKeyStatus.Expired : ApiKeyStatus.Active,
        k.OwnerId, db.Members.Where(m => m.Id == k.OwnerId).Select(m => m.UserName).FirstOrDefault(), k.CreatedBy,
        k.Scopes, k.AllowedNetworks, k.RateLimit, k.CreatedAt, k.ExpiresAt, k.PreviousUntil > now ? k.PreviousUntil : null, k.RevokedAt, k.LastUsedAt, null);
}

/// <summary>Keys, newest first, revoked ones too.</summary>
internal sealed class ListApiKeys(TenantDbContext db, ApiKeyAccess access, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapGet("", ([AsParameters] PageQuery page, ListApiKeys useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, own, cancellationToken))
        .WithSummary(own ? "List API keys of your own" : "List API keys")
        .WithExample(response: new Page<ApiKeyResponse>([ApiKeyResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<ApiKeyResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, bool own, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var keys = access.Seen(own).AsNoTracking();
        keys = after is var (_, id) ? keys.Where(k => k.Id < id) : keys;

        // Ids are UUIDv7: their order is that of creation, and the primary key serves it.
        var rows = await keys.OrderByDescending(k => k.Id).Take(page.Take).Select(ApiKeyResponse.From(db, clock.GetUtcNow())).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
