using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <summary>Takes an invitation back; its link is dead at once.</summary>
internal sealed class RevokeInvitation(TenantDbContext db, Inviting inviting, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder invitations) => invitations
        .MapDelete("/{id:guid}", (Guid id, RevokeInvitation useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.InviteMembers)
        .WithSummary("Take an invitation back")
        .WithErrors(("role.not_grantable", 403), ("invitation.not_found", 404), ("invitation.closed", 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await db.InTransactionAsync(() => RevokeAsync(id, cancellationToken), cancellationToken) is { } problem ? problem : TypedResults.NoContent();

    private async Task<ProblemHttpResult?> RevokeAsync(Guid id, CancellationToken cancellationToken)
    {
        var invitation = (await db.Invitations.FromSql($"SELECT *, xmin FROM invitations WHERE id = {id} FOR UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
        if (invitation is null)
        {
            return ResendInvitation.NotFound();
        }

        if (inviting.Refusal(invitation) is { } refusal)
        {
            return refusal;
        }

        if (invitation.Revoke(clock.GetUtcNow()) is not { } revoked)
        {
            return Inviting.Closed();
        }

        db.Record(revoked, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        return null;
    }
}
