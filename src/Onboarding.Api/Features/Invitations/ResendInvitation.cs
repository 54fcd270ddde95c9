using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <summary>Sends an invitation again, an expired one too: a fresh link, which supersedes the earlier one (SEC-15).</summary>
internal sealed class ResendInvitation(TenantDbContext db, Inviting inviting, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder invitations) => invitations
        .MapPost("/{id:guid}/resend", (Guid id, ResendInvitation useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.InviteMembers)
        .Throttled<object>("invite", limits => limits.Invite)
        .WithSummary("Send an invitation again")
        .WithExample(response: InvitationResponse.Example)
        .WithErrors(("role.unknown", 400), ("role.not_grantable", 403), ("invitation.not_found", 404), ("invitation.closed", 409), ("member.exists", 409), ("member.blocked", 409));

    public async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await inviting.InviteAgainAsync(id, cancellationToken) is not { } invited)
        {
            return NotFound();
        }

        return invited.Problem is { } problem
            ? problem
            : TypedResults.Ok(await db.Invitations.AsNoTracking().Where(i => i.Id == id).Select(InvitationResponse.From(db, clock.GetUtcNow())).SingleAsync(cancellationToken));
    }

    public static ProblemHttpResult NotFound() => Problems.NotFound("invitation.not_found", "There is no such invitation in this organization.");
}
