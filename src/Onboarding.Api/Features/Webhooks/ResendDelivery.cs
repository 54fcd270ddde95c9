using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Sends a message to an endpoint again, whatever became of it before; receivers know it by its id.</summary>
internal sealed class ResendDelivery(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/deliveries/{id:guid}/resend", (Guid id, ResendDelivery useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Resend a webhook delivery")
        .WithExample(response: DeliveryResponse.Example with { Status = DeliveryState.Pending, FinishedAt = null })
        .WithErrors(("delivery.not_found", 404));

    public Task<Results<Accepted<DeliveryResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Accepted<DeliveryResponse>, ProblemHttpResult>>(
            async () =>
            {
                if (await db.LockDeliveryAsync(id, cancellationToken) is not { } delivery)
                {
                    return DeliveryResponse.NotFound();
                }

                var now = clock.GetUtcNow();
                db.Record(delivery.Resend(now), actor.ToActor());
                db.Enqueue(WorkKinds.Wake, delivery.EndpointId, now);
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Accepted(
                    $"/webhooks/deliveries/{id}", await db.WebhookDeliveries.AsNoTracking().Where(d => d.Id == id).Select(DeliveryResponse.From(db)).SingleAsync(cancellationToken));
            },
            cancellationToken);
}
