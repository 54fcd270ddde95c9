using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.ApiKeys;

/// <param name="OverlapMinutes">How long the secret before works on, up to a week; 0 ends it at once.</param>
public sealed record RotateApiKeyRequest([property: Range(0, 10_080)] int OverlapMinutes = 1_440);

/// <summary>Gives a key a new secret. The one before works on for the overlap, so that nothing has to change at one moment; any older one ends.</summary>
internal sealed class RotateApiKey(TenantDbContext db, ApiKeyAccess access, GetApiKey get, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapPost("/{id:guid}/rotate", (Guid id, RotateApiKeyRequest request, RotateApiKey useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, own, cancellationToken))
        .RequireFreshSignIn()
        .WithSummary(own ? "Rotate an API key of your own" : "Rotate an API key")
        .WithExample(new RotateApiKeyRequest(), ApiKeyResponse.Example with { PreviousUntil = DateTimeOffset.UnixEpoch.AddDays(1), Key = "ok_live_..." })
        .WithErrors(("permission.not_grantable", 403), ("api_key.not_found", 404), ("api_key.revoked", 409), ("api_key.changed", 409));

    public async Task<Results<Ok<ApiKeyResponse>, ProblemHttpResult>> HandleAsync(Guid id, RotateApiKeyRequest request, bool own, CancellationToken cancellationToken)
    {
        if (await access.Held(own).SingleOrDefaultAsync(k => k.Id == id, cancellationToken) is not { } key)
        {
            return ApiKeyAccess.NotFound();
        }

        // The secret comes with the answer, and with it all that the key may do.
        if (access.Refusal(key) is { } refusal)
        {
            return refusal;
        }

        if (key.Rotate(db.Organization!.Key, TimeSpan.FromMinutes(request.OverlapMinutes), clock.GetUtcNow()) is not var (token, rotated))
        {
            return ApiKeyAccess.Revoked();
        }

        db.Record(rotated, actor.ToActor());
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ApiKeyAccess.Raced();
        }

        await access.ForgetAsync(cancellationToken);
        return TypedResults.Ok(await get.OfAsync(id, token, cancellationToken));
    }
}
