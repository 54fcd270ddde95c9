using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <summary>Lets a suspended organization serve again; what had paused goes on.</summary>
internal sealed class ReactivateOrganization(GovernOrganization govern, GetOrganizationDetails details, RequestActor actor)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/reactivate", (Guid id, ReactivateOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Reactivate an organization")
        .WithExample(response: OrganizationDetailsResponse.Example)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), (SuspendOrganization.StatusCode, 409));

    public async Task<Results<Ok<OrganizationDetailsResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await SuspendOrganization.AnswerAsync(await govern.ReactivateAsync(id, actor.ToActor(), reason: null, cancellationToken), details, cancellationToken);
}
