using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Approvals;

/// <param name="Note">Why; kept in the audit log, never shown to the member.</param>
/// <param name="Role">Role to give; <c>user</c> when left out, never more than the approver's own (ONB-8).</param>
public sealed record ApproveMemberRequest([property: StringLength(500)] string? Note = null, [property: StringLength(64)] string? Role = null);

public sealed record ApproveMemberResponse(Guid Id, MemberStatus Status, DateTimeOffset ApprovedAt);

/// <summary>Lets a registered person into the organization. The mail to set a password follows from the event.</summary>
internal sealed class ApproveMember(Decisions decisions)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPost("/{id:guid}/approve", (Guid id, ApproveMemberRequest request, ApproveMember useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ApproveMembers)
        .WithSummary("Approve a pending member")
        .WithExample(
            new ApproveMemberRequest("Known from the kick-off", Roles.User),
            new ApproveMemberResponse(Guid.Parse("01990000-0000-7000-8000-000000000001"), MemberStatus.Approved, DateTimeOffset.UnixEpoch))
        .WithErrors(("role.unknown", 400), ("role.not_grantable", 403), ("member.not_found", 404), ("member.already_decided", 409), ("quota.seats", 409));

    public async Task<Results<Ok<ApproveMemberResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, ApproveMemberRequest request, CancellationToken cancellationToken)
    {
        var decision = await decisions.ApproveAsync(id, request.Role, request.Note, cancellationToken);
        return decision.Problem is { } problem
            ? problem
            : TypedResults.Ok(new ApproveMemberResponse(id, decision.Status!.Value, decision.DecidedAt!.Value));
    }
}
