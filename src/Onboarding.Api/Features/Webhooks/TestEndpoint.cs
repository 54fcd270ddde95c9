using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="MessageId">The example, on its way; <c>GET /webhooks/messages/{id}</c> shows what becomes of it in a moment.</param>
public sealed record TestEndpointResponse(Guid MessageId);

/// <summary>Sends an example to an endpoint, whatever it has subscribed to: an event <c>endpoint.tested</c>, signed like any other.</summary>
internal sealed class TestEndpoint(TenantDbContext db, ChangingEndpoints changing, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints/{id:guid}/test", (Guid id, TestEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Test a webhook endpoint")
        .WithExample(response: new TestEndpointResponse(Guid.Empty))
        .WithErrors(("endpoint.not_found", 404), ("endpoint.disabled", 409));

    public Task<Results<Accepted<TestEndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Accepted<TestEndpointResponse>, ProblemHttpResult>>(
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

                var message = db.Record(new EndpointTested(id, clock.GetUtcNow()), actor.ToActor());
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Accepted($"/webhooks/messages/{message}", new TestEndpointResponse(message));
            },
            cancellationToken);
}
