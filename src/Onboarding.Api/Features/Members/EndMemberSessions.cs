using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Members;

/// <summary>Signs a member out everywhere, as after the loss of a device (SEC-25). Whoever knows the password signs in again.</summary>
internal sealed class EndMemberSessions(TenantDbContext db, SessionEnding ending, RequestActor actor)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapDelete("/{id:guid}/sessions", (Guid id, EndMemberSessions useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("End a member's sessions")
        .WithErrors(("member.outranks", 403), ("member.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Session> ended = [];
        var problem = await db.InTransactionAsync<ProblemHttpResult?>(
            async () =>
            {
                // Locked, so that of two who end the same sessions one records it.
                if (await db.LockMemberAsync(id, cancellationToken) is not { } member)
                {
                    return GetMember.NotFound();
                }

                if (member.Role is { } held && !db.Organization!.MayGrant(actor.Permissions, held))
                {
                    return Problems.Forbidden("member.outranks", "This member may do more than you.");
                }

                ended = await ending.EndAllAsync(id, "revoked", cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return null;
            },
            cancellationToken);
        await ending.RevokeAsync(ended, cancellationToken);
        return problem is null ? TypedResults.NoContent() : problem;
    }
}
