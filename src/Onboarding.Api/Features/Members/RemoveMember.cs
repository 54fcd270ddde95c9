using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.ApiKeys;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <summary>Takes a member out: sessions, password, second factors and API keys go, the history stays (ONB-16). Also how somebody leaves, but never the last admin (ONB-15).</summary>
internal sealed class RemoveMember(ChangingMembers changing, SecondFactors factors, ApiKeyAccess keys, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapDelete("/{id:guid}", (Guid id, RemoveMember useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Remove a member")
        .WithErrors(("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409), ("member.last_admin", 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var removed = await changing.RunAsync(
            id, member => member.Remove(reason: null, actor.OnBehalfOf, clock.GetUtcNow()), note: null, endSessions: "removed", cancellationToken,
            alongside: async () =>
            {
                await factors.RemoveAllAsync(id, cancellationToken);
                await keys.RevokeAllOfAsync(id, cancellationToken);
            });
        return removed.Result is ProblemHttpResult problem ? problem : TypedResults.NoContent();
    }
}
