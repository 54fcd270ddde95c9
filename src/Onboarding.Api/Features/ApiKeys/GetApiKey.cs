using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.ApiKeys;

/// <summary>One key, without its secret; one of somebody else looks exactly like none (SEC-3).</summary>
internal sealed class GetApiKey(TenantDbContext db, ApiKeyAccess access, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapGet("/{id:guid}", (Guid id, GetApiKey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, own, cancellationToken))
        .WithSummary(own ? "Get an API key of your own" : "Get an API key")
        .WithExample(response: ApiKeyResponse.Example)
        .WithErrors(("api_key.not_found", 404));

    public async Task<Results<Ok<ApiKeyResponse>, ProblemHttpResult>> HandleAsync(Guid id, bool own, CancellationToken cancellationToken) =>
        await access.Seen(own).AsNoTracking().Where(k => k.Id == id).Select(ApiKeyResponse.From(db, clock.GetUtcNow())).SingleOrDefaultAsync(cancellationToken) is { } key
            ? TypedResults.Ok(key)
            : ApiKeyAccess.NotFound();

    /// <summary>The answer that shows a new secret.</summary>
    public async Task<ApiKeyResponse> OfAsync(Guid id, string token, CancellationToken cancellationToken) =>
        await db.ApiKeys.AsNoTracking().Where(k => k.Id == id).Select(ApiKeyResponse.From(db, clock.GetUtcNow())).SingleAsync(cancellationToken) with { Key = token };
}
