using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <summary>Takes a deletion back while its grace runs: the organization is what it was before, and what waited goes on.</summary>
internal sealed class RestoreOrganization(LeaveOrganization leave, RequestActor actor)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/restore", (Guid id, RestoreOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Restore an organization that is being deleted")
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), (SuspendOrganization.StatusCode, 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await leave.RestoreAsync(id, actor.ToActor(), cancellationToken) switch
        {
            RestoreOutcome.Restored => TypedResults.NoContent(),
            RestoreOutcome.NotLeaving => Problems.Conflict(SuspendOrganization.StatusCode, "It is not being deleted, or was never set up; there is nothing to take back."),
            _ => GetOrganizationDetails.NotFound(),
        };
}
