using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Gives up a delivery by hand, so that what waits behind it at an ordered endpoint can go on (HOOK-20).</summary>
internal sealed class SkipDelivery(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/deliveries/{id:guid}/skip", (Guid id, SkipDelivery useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Skip a webhook delivery")
        .WithExample(response: DeliveryResponse.Example with { Status = DeliveryState.Skipped })
        .WithErrors(("delivery.not_found", 404), ("delivery.finished", 409));

    public Task<Results<Ok<DeliveryResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Ok<DeliveryResponse>, ProblemHttpResult>>(
            async () =>
            {
                if (await db.LockDeliveryAsync(id, cancellationToken) is not { } delivery)
                {
                    return DeliveryResponse.NotFound();
                }

                var now = clock.GetUtcNow();
                if (delivery.Skip(now) is not { } skipped)
                {
                    return Problems.Conflict("delivery.finished", "The delivery has been delivered, given up or skipped already.");
                }

                db.Record(skipped, actor.ToActor());
                db.Enqueue(WorkKinds.Wake, delivery.EndpointId, now);
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Ok(await db.WebhookDeliveries.AsNoTracking().Where(d => d.Id == id).Select(DeliveryResponse.From(db)).SingleAsync(cancellationToken));
            },
            cancellationToken);
}

internal static class DeliveryLock
{
    /// <summary>The delivery, locked until the end of the transaction; null when there is none.</summary>
    public static Task<WebhookDelivery?> LockDeliveryAsync(this TenantDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.WebhookDeliveries.FromSql($"SELECT *, xmin FROM webhook_deliveries WHERE id = {id} FOR NO KEY UPDATE").SingleOrDefaultAsync(cancellationToken);
}
