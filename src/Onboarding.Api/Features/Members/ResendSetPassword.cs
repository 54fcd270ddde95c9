using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <summary>Sends an approved person a fresh link to set a password; it supersedes the earlier one (ONB-12, ONB-13).</summary>
internal sealed class ResendSetPassword(ChangingMembers changing, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/resend-set-password", (Guid id, ResendSetPassword useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Send the link to set a password again")
        .WithExample(response: MemberResponse.Example with { Status = MemberStatus.Approved })
        .WithErrors(("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409));

    public Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        changing.RunAsync(id, member => member.RequestLink(clock.GetUtcNow()), note: null, endSessions: null, cancellationToken);
}
