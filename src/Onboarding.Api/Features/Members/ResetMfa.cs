using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <summary>Takes off every second factor of a member who has lost them, passkeys and remembered devices too; all sessions end.</summary>
/// <remarks>Never one's own, nor by a key that one has created: a stolen session would otherwise get around what <c>/me/mfa</c> asks for (SEC-30).</remarks>
internal sealed class ResetMfa(ChangingMembers changing, SecondFactors factors, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/reset-mfa", (Guid id, ResetMfa useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Take off a member's second factors")
        .WithExample(response: MemberResponse.Example)
        .WithErrors(("member.self", 403), ("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409));

    public async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        actor.IsSelf(id)
            ? Problems.Forbidden("member.self", "Your own second factors you change under /me/mfa.")
            : await changing.RunAsync(
                id, member => member.ResetSecondFactors(clock.GetUtcNow()), note: null, endSessions: "mfa_reset", cancellationToken,
                alongside: () => factors.RemoveAllAsync(id, cancellationToken));
}
