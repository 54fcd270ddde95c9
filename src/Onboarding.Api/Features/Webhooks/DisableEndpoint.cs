using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Stops an endpoint: what waits for it is parked, and what happens meanwhile is not kept for it.</summary>
internal sealed class DisableEndpoint(ChangingEndpoints changing, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints/{id:guid}/disable", (Guid id, DisableEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Disable a webhook endpoint")
        .WithExample(response: EndpointResponse.Example with { Status = WebhookEndpointStatus.Disabled, DisabledReason = WebhookDisabledReason.ByHand, DisabledAt = DateTimeOffset.UnixEpoch })
        .WithErrors(("endpoint.not_found", 404));

    public Task<Results<Ok<EndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) => changing.RunAsync(
        id,
        endpoint => Task.FromResult(((DomainEvent?)endpoint.Disable(WebhookDisabledReason.ByHand, clock.GetUtcNow()), (ProblemHttpResult?)null)),
        cancellationToken);
}
