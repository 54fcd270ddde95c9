using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.ApiKeys;

/// <summary>Takes a key back for good, at once on every node (SEC-24). Again changes nothing.</summary>
/// <remarks>Waits for whoever is just changing the key: it is for the moment when a key has leaked, and never loses a race.</remarks>
internal sealed class RevokeApiKey(TenantDbContext db, ApiKeyAccess access, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapDelete("/{id:guid}", (Guid id, RevokeApiKey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, own, cancellationToken))
        .WithSummary(own ? "Revoke an API key of your own" : "Revoke an API key")
        .WithErrors(("api_key.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, bool own, CancellationToken cancellationToken)
    {
        if (await db.InTransactionAsync(() => RevokeAsync(id, own, cancellationToken), cancellationToken) is not { } revoked)
        {
            return ApiKeyAccess.NotFound();
        }

        // Making every node forget is for a key that was good; should it get lost here, the event does it again.
        if (revoked)
        {
            await access.ForgetAsync(cancellationToken);
        }

        return TypedResults.NoContent();
    }

    /// <summary>Whether the key was good until now; null when there is none.</summary>
    private async Task<bool?> RevokeAsync(Guid id, bool own, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM api_keys WHERE id = {id} FOR UPDATE", cancellationToken);
        if (await access.Seen(own).SingleOrDefaultAsync(k => k.Id == id, cancellationToken) is not { } key)
        {
            return null;
        }

        if (key.Revoke(clock.GetUtcNow()) is not { } revoked)
        {
            return false;
        }

        db.Record(revoked, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
