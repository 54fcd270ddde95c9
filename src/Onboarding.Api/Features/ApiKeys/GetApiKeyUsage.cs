using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.ApiKeys;

/// <param name="Days">How many days back, today included, 1 to 366.</param>
public sealed record ApiKeyUsageQuery([property: FromQuery(Name = "days"), Range(1, 366), DefaultValue(30)] int Days = 30);

/// <param name="Day">By UTC.</param>
/// <param name="Requests">All of them, refused ones included.</param>
/// <param name="Refused">For the key's network or its rate limit.</param>
public sealed record ApiKeyUsageDay(DateOnly Day, long Requests, long Refused);

/// <param name="Requests">Over all of these days.</param>
/// <param name="Days">Newest first; days without a request are left out.</param>
public sealed record ApiKeyUsageResponse(Guid Id, DateTimeOffset? LastUsedAt, long Requests, long Refused, IReadOnlyList<ApiKeyUsageDay> Days);

/// <summary>How much a key was used, day by day. What was counted in the last minute may be missing.</summary>
internal sealed class GetApiKeyUsage(TenantDbContext db, ApiKeyAccess access, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapGet("/{id:guid}/usage", (Guid id, [AsParameters] ApiKeyUsageQuery query, GetApiKeyUsage useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, query, own, cancellationToken))
        .WithSummary(own ? "Get the usage of an API key of your own" : "Get the usage of an API key")
        .WithExample(response: new ApiKeyUsageResponse(ApiKeyResponse.Example.Id, DateTimeOffset.UnixEpoch, 120, 2, [new(new(1970, 1, 1), 120, 2)]))
        .WithErrors(("api_key.not_found", 404));

    public async Task<Results<Ok<ApiKeyUsageResponse>, ProblemHttpResult>> HandleAsync(Guid id, ApiKeyUsageQuery query, bool own, CancellationToken cancellationToken)
    {
        var since = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime).AddDays(1 - query.Days);
        var found = await access.Seen(own).AsNoTracking().Where(k => k.Id == id)
            .Select(k => new
            {
                k.LastUsedAt,
                Days = db.ApiKeyUsage.Where(u => u.KeyId == k.Id && u.Day >= since).OrderByDescending(u => u.Day).Select(u => new ApiKeyUsageDay(u.Day, u.Requests, u.Refused)).ToList(),
            })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null
            ? ApiKeyAccess.NotFound()
            : TypedResults.Ok(new ApiKeyUsageResponse(id, found.LastUsedAt, found.Days.Sum(day => day.Requests), found.Days.Sum(day => day.Refused), found.Days));
    }
}
