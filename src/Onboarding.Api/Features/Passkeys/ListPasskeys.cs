using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Passkeys;

public sealed record PasskeysResponse(IReadOnlyList<PasskeyResponse> Data);

/// <summary>The signed-in member's passkeys, newest first. They are few (<see cref="AddPasskey.MaxPasskeys"/>), so there are no pages.</summary>
internal sealed class ListPasskeys(TenantDbContext db, RequestActor actor)
{
    public static void Map(RouteGroupBuilder passkeys) => passkeys
        .MapGet("", (ListPasskeys useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("List the signed-in member's passkeys")
        .WithExample(response: new PasskeysResponse([PasskeyResponse.Example]));

    public async Task<Ok<PasskeysResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var memberId = actor.MemberId;
        var passkeys = await db.Passkeys.AsNoTracking().Where(p => p.UserId == memberId).ToListAsync(cancellationToken);
        return TypedResults.Ok(new PasskeysResponse([.. passkeys.OrderByDescending(p => p.Data.CreatedAt).Select(PasskeyResponse.Of)]));
    }
}
