using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="PurgeAt">When everything of it is deleted for good; until then it can be restored.</param>
public sealed record DeletionResponse(Guid Id, DateTimeOffset PurgeAt)
{
    internal static readonly DeletionResponse Example = new(Guid.Parse("01990000-0000-7000-8000-0000000000aa"), DateTimeOffset.UnixEpoch.AddDays(30));
}

/// <summary>Begins the deletion of an organization: nobody is served any more, and after the grace nothing of it is left (SEC-7).</summary>
internal sealed class DeleteOrganization(LeaveOrganization leave, RequestActor actor)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapDelete("/{id:guid}", (Guid id, DeleteOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Delete an organization")
        .WithExample(response: DeletionResponse.Example)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), ("organization.subscription_living", 409));

    public async Task<Results<Accepted<DeletionResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await leave.BeginAsync(id, actor.ToActor(), cancellationToken) switch
        {
            { Outcome: LeaveOutcome.Held } => Problems.Conflict("organization.subscription_living", "It has a living subscription, which would go on being charged; cancel that first."),
            { PurgeAt: { } purgeAt } => TypedResults.Accepted($"/platform/organizations/{id}", new DeletionResponse(id, purgeAt)),
            _ => GetOrganizationDetails.NotFound(),
        };
}
