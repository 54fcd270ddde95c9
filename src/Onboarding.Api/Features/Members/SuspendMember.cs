using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <param name="Reason">Kept in the audit log.</param>
public sealed record SuspendMemberRequest([property: StringLength(500)] string? Reason = null);

/// <summary>Shuts a member out: all sessions end, everywhere, at once (SEC-24).</summary>
internal sealed class SuspendMember(ChangingMembers changing, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/suspend", (Guid id, SuspendMemberRequest request, SuspendMember useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Suspend a member")
        .WithExample(new SuspendMemberRequest("Left the company"), MemberResponse.Example with { Status = MemberStatus.Suspended })
        .WithErrors(("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409), ("member.last_admin", 409));

    public Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, SuspendMemberRequest request, CancellationToken cancellationToken) =>
        changing.RunAsync(id, member => member.Suspend(request.Reason, clock.GetUtcNow()), request.Reason, endSessions: "suspended", cancellationToken);
}
