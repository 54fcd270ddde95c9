using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Hours">How far to look back.</param>
public sealed record EndpointStatsQuery([property: FromQuery(Name = "hours"), Range(1, 2_160)] int Hours = 24);

/// <param name="Attempts">How many attempts of that time the figures are of, the newest first; at most 10,000.</param>
/// <param name="Succeeded">How many of them were answered with success.</param>
/// <param name="SuccessRate">0 to 1; null without an attempt.</param>
/// <param name="MedianMs">Half of the exchanges took at most this long, in milliseconds.</param>
/// <param name="P95Ms">95 of 100 took at most this long.</param>
/// <param name="P99Ms">99 of 100 took at most this long.</param>
/// <param name="Waiting">Deliveries that wait for their first or next attempt; 0 while the endpoint is disabled.</param>
/// <param name="Parked">Deliveries that wait until the endpoint is enabled again; 0 while it is active.</param>
/// <param name="OldestWaitingSince">Since when the oldest of those that wait or are parked has waited.</param>
public sealed record EndpointStatsResponse(
    long Attempts, long Succeeded, double? SuccessRate, int? MedianMs, int? P95Ms, int? P99Ms, long Waiting, long Parked, DateTimeOffset? OldestWaitingSince)
{
    internal static readonly EndpointStatsResponse Example = new(1204, 1198, 0.995, 48, 130, 420, 3, 0, DateTimeOffset.UnixEpoch);
}

/// <summary>How an endpoint has been doing: success rate, latency and backlog.</summary>
internal sealed class GetEndpointStats(TenantDbContext db, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/endpoints/{id:guid}/stats", (Guid id, [AsParameters] EndpointStatsQuery query, GetEndpointStats useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, query, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("Get a webhook endpoint's statistics")
        .WithExample(response: EndpointStatsResponse.Example)
        .WithErrors(("endpoint.not_found", 404));

    public async Task<Results<Ok<EndpointStatsResponse>, ProblemHttpResult>> HandleAsync(Guid id, EndpointStatsQuery query, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - TimeSpan.FromHours(query.Hours);

        // The newest attempts only, so that a busy endpoint costs no more than a quiet one.
        var rows = await db.Database.SqlQuery<EndpointStatsResponse>(
            $"""
            SELECT a.attempts AS "Attempts", a.succeeded AS "Succeeded", a.succeeded::double precision / nullif(a.attempts, 0) AS "SuccessRate",
              round(a.times[1])::int AS "MedianMs", round(a.times[2])::int AS "P95Ms", round(a.times[3])::int AS "P99Ms",
              CASE WHEN e.status = 'active' THEN w.pending ELSE 0 END AS "Waiting", CASE WHEN e.status = 'active' THEN 0 ELSE w.pending END AS "Parked",
              w.oldest_waiting_since AS "OldestWaitingSince"
            FROM webhook_endpoints e
            CROSS JOIN LATERAL (
              SELECT count(*) AS attempts, count(*) FILTER (WHERE error IS NULL) AS succeeded,
                percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) AS times
              FROM (SELECT error, duration_ms FROM webhook_attempts WHERE endpoint_id = e.id AND started_at >= {since} ORDER BY started_at DESC LIMIT 10000) AS newest) AS a
            CROSS JOIN LATERAL (
              SELECT count(*) AS pending, min(created_at) AS oldest_waiting_since FROM webhook_deliveries WHERE endpoint_id = e.id AND status = 'pending') AS w
            WHERE e.id = {id}
            """).ToListAsync(cancellationToken);
        return rows is [var stats] ? TypedResults.Ok(stats) : ChangingEndpoints.NotFound();
    }
}
