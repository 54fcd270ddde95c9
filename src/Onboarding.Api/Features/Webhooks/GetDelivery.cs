using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>One delivery.</summary>
internal sealed class GetDelivery(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/deliveries/{id:guid}", (Guid id, GetDelivery useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("Get a webhook delivery")
        .WithExample(response: DeliveryResponse.Example)
        .WithErrors(("delivery.not_found", 404));

    public async Task<Results<Ok<DeliveryResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WebhookDeliveries.AsNoTracking().Where(d => d.Id == id).Select(DeliveryResponse.From(db)).SingleOrDefaultAsync(cancellationToken) is { } delivery
            ? TypedResults.Ok(delivery)
            : DeliveryResponse.NotFound();
}
