using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Billing;

/// <param name="Used">How many there are; of requests, how many were made this month.</param>
/// <param name="Limit">How many there can be.</param>
public sealed record QuotaUseResponse(string Quota, long Used, long Limit);

public sealed record UsageResponse(string Plan, IReadOnlyList<QuotaUseResponse> Data);

/// <summary>How much of what the plan limits is used.</summary>
internal sealed class GetUsage(TenantDbContext db, Quotas quotas, ApiRequestQuota requests, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/usage", (GetUsage useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Read what is used of the plan")
        .WithExample(response: new UsageResponse("premium", [new(QuotaNames.Seats, 12, 1000)]));

    public async Task<Ok<UsageResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var used = await db.Settings
            .Select(_ => new
            {
                Seats = db.Members.Count(Seats.IsTaken),
                Keys = db.ApiKeys.Count(key => key.RevokedAt == null && key.ExpiresAt > now),
                Endpoints = db.WebhookEndpoints.Count(),
            })
            .SingleAsync(cancellationToken);
        return TypedResults.Ok(new UsageResponse(db.Organization!.Plan,
        [
            Use(QuotaNames.Seats, used.Seats),
            Use(QuotaNames.ApiKeys, used.Keys),
            Use(QuotaNames.WebhookEndpoints, used.Endpoints),
            Use(QuotaNames.ApiRequests, await requests.UsedAsync(db, cancellationToken)),
        ]));
    }

    private QuotaUseResponse Use(string quota, long used) => new(quota, used, quotas.Of(quota));
}
