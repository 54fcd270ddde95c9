using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <summary>Lets a suspended member back in. Earlier sessions stay ended.</summary>
internal sealed class ReactivateMember(ChangingMembers changing, Quotas quotas, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/reactivate", (Guid id, ReactivateMember useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Reactivate a suspended member")
        .WithExample(response: MemberResponse.Example)
        .WithErrors(("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409), ("quota.seats", 409));

    public Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        changing.RunAsync(id, member => member.Reactivate(clock.GetUtcNow()), note: null, endSessions: null, cancellationToken, unless: quotas.SeatRefusalAsync);
}
