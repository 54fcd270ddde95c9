using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Lets an endpoint receive again; what was parked for it is sent first. Asked for again, it only looks after what waits.</summary>
internal sealed class EnableEndpoint(TenantDbContext db, ChangingEndpoints changing, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints/{id:guid}/enable", (Guid id, EnableEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Enable a webhook endpoint")
        .WithExample(response: EndpointResponse.Example)
        .WithErrors(("endpoint.not_found", 404));

    public Task<Results<Ok<EndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) => changing.RunAsync(
        id,
        endpoint =>
        {
            var now = clock.GetUtcNow();
            db.Enqueue(WorkKinds.Wake, id, now);
            return Task.FromResult(((DomainEvent?)endpoint.Enable(now), (ProblemHttpResult?)null));
        },
        cancellationToken);
}
