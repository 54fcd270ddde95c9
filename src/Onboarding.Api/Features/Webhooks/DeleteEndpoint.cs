using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Deletes an endpoint and everything that was or is on its way to it.</summary>
internal sealed class DeleteEndpoint(TenantDbContext db, ChangingEndpoints changing, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapDelete("/endpoints/{id:guid}", (Guid id, DeleteEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Delete a webhook endpoint")
        .WithErrors(("endpoint.not_found", 404));

    public Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async () =>
            {
                if (await changing.LockAsync(id, cancellationToken) is not { } endpoint)
                {
                    return ChangingEndpoints.NotFound();
                }

                db.WebhookEndpoints.Remove(endpoint);
                db.Record(endpoint.Delete(clock.GetUtcNow()), actor.ToActor());
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.NoContent();
            },
            cancellationToken);
}
