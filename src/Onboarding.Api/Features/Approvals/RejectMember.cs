using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Approvals;

/// <param name="Reason">Why; the person is told.</param>
/// <param name="Block">For good: registering again changes nothing (ONB-4).</param>
public sealed record RejectMemberRequest([property: Required, StringLength(500, MinimumLength = 1), RegularExpression(NameRules.Text, ErrorMessage = NameRules.NoText)] string Reason, bool Block = false);

public sealed record RejectMemberResponse(Guid Id, MemberStatus Status, DateTimeOffset RejectedAt);

/// <summary>Turns a registered person down. The mail that says so follows from the event.</summary>
internal sealed class RejectMember(Decisions decisions)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/reject", (Guid id, RejectMemberRequest request, RejectMember useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ApproveMembers)
        .WithSummary("Reject a pending member")
        .WithExample(
            new RejectMemberRequest("Nobody here knows this person"),
            new RejectMemberResponse(Guid.Parse("01990000-0000-7000-8000-000000000001"), MemberStatus.Rejected, DateTimeOffset.UnixEpoch))
        .WithErrors(("member.not_found", 404), ("member.already_decided", 409));

    public async Task<Results<Ok<RejectMemberResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, RejectMemberRequest request, CancellationToken cancellationToken)
    {
        var decision = await decisions.RejectAsync(id, request.Reason, request.Block, cancellationToken);
        return decision.Problem is { } problem
            ? problem
            : TypedResults.Ok(new RejectMemberResponse(id, decision.Status!.Value, decision.DecidedAt!.Value));
    }
}
