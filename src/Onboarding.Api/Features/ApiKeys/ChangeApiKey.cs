using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApiKeys;

/// <param name="Name">What it is for.</param>
/// <param name="Scopes">Replaces all of them; none that the caller lacks, and never <c>api_keys:manage</c>.</param>
/// <param name="AllowedNetworks">Replaces all of them; an empty list means everywhere.</param>
/// <param name="RateLimit">Requests a minute; 0 for the default.</param>
/// <param name="ExpiresAt">When it stops being good, in ten years at most.</param>
public sealed record ChangeApiKeyRequest(
    [property: StringLength(ApiKeyRules.MaxName), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string? Name = null,
    [property: Length(1, ApiKeyRules.MaxScopes)] IReadOnlyList<string>? Scopes = null,
    [property: MaxLength(ApiKeyRules.MaxNetworks)] IReadOnlyList<string>? AllowedNetworks = null,
    [property: Range(0, ApiKeyRules.MaxRateLimit)] int? RateLimit = null,
    DateTimeOffset? ExpiresAt = null);

/// <summary>Changes what a key may do, from where, how often and for how long; what is left out stays. It holds at once on every node.</summary>
internal sealed class ChangeApiKey(TenantDbContext db, ApiKeyAccess access, GetApiKey get, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapPatch("/{id:guid}", (Guid id, ChangeApiKeyRequest request, ChangeApiKey useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, own, cancellationToken))
        .RequireFreshSignIn()
        .WithSummary(own ? "Change an API key of your own" : "Change an API key")
        .WithExample(new ChangeApiKeyRequest(ApiKeyResponse.Example.Name, [Permissions.ApproveMembers], ["192.0.2.0/24"], 60), ApiKeyResponse.Example)
        .WithErrors(("permission.unknown", 400), ("permission.not_grantable", 403), ("api_key.not_found", 404), ("api_key.revoked", 409), ("api_key.expired", 409), ("api_key.changed", 409));

    public async Task<Results<Ok<ApiKeyResponse>, ProblemHttpResult>> HandleAsync(Guid id, ChangeApiKeyRequest request, bool own, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await access.Held(own).SingleOrDefaultAsync(k => k.Id == id, cancellationToken) is not { } key)
        {
            return ApiKeyAccess.NotFound();
        }

        // Taking from a key what one does not hold oneself is as much a change of others' rights as giving it.
        if ((access.Refusal(key) ?? ApiKeyRules.Refusal(request.Scopes, request.AllowedNetworks, request.ExpiresAt, actor.Permissions, now)) is { } refusal)
        {
            return refusal;
        }

        if (key.RevokedAt is not null)
        {
            return ApiKeyAccess.Revoked();
        }

        // Its place may be taken by now.
        if (key.ExpiresAt <= now && request.ExpiresAt is not null)
        {
            return Problems.Conflict("api_key.expired", "This key has expired, and stays so. Create another.");
        }

        var change = new ApiKeyChange(
            request.Name?.Trim(), request.Scopes, ApiKeyRules.Canonical(request.AllowedNetworks), request.RateLimit is { } limit ? new(limit == 0 ? null : limit) : null, request.ExpiresAt?.ToUniversalTime());
        if (key.Change(change, now) is { } changed)
        {
            db.Record(changed, actor.ToActor());
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateConcurrencyException)
            {
                return ApiKeyAccess.Raced();
            }

            await access.ForgetAsync(cancellationToken);
        }

        return await get.HandleAsync(id, own, cancellationToken);
    }
}
