using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Since">Messages made at this time or later.</param>
public sealed record RecoverEndpointRequest([property: Required] DateTimeOffset? Since);

/// <param name="Deliveries">How many are on their way again.</param>
public sealed record RecoverEndpointResponse(int Deliveries);

/// <summary>Sends everything again that was given up since a time (HOOK-22).</summary>
internal sealed class RecoverEndpoint(TenantDbContext db, ChangingEndpoints changing, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints/{id:guid}/recover", (Guid id, RecoverEndpointRequest request, RecoverEndpoint useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Recover what a webhook endpoint missed")
        .WithExample(new RecoverEndpointRequest(DateTimeOffset.UnixEpoch), new RecoverEndpointResponse(17))
        .WithErrors(("endpoint.not_found", 404), ("endpoint.disabled", 409));

    public Task<Results<Accepted<RecoverEndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, RecoverEndpointRequest request, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Accepted<RecoverEndpointResponse>, ProblemHttpResult>>(
            async () =>
            {
                if (await changing.LockAsync(id, cancellationToken) is not { } endpoint)
                {
                    return ChangingEndpoints.NotFound();
                }

                if (endpoint.Status == WebhookEndpointStatus.Disabled)
                {
                    return Problems.Conflict("endpoint.disabled", "The endpoint is disabled. Enable it first.");
                }

                var (now, since) = (clock.GetUtcNow(), request.Since!.Value.ToUniversalTime());
                var deliveries = await db.Database.ExecuteSqlAsync(
                    $"""
                    UPDATE webhook_deliveries SET status = 'pending', tries = 0, next_attempt_at = {now}, finished_at = NULL
                    WHERE endpoint_id = {id} AND status = 'failed' AND created_at >= {since}
                    """,
                    cancellationToken);
                if (deliveries > 0)
                {
                    db.Record(new EndpointRecoveryStarted(id, since, deliveries, now), actor.ToActor());
                    db.Enqueue(WorkKinds.Wake, id, now);
                    await db.SaveChangesAsync(cancellationToken);
                }

                return TypedResults.Accepted((string?)null, new RecoverEndpointResponse(deliveries));
            },
            cancellationToken);
}
