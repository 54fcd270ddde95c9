using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.SignIn;

/// <summary>The signed-in member ends one of the own sessions, this one or one on another device (SEC-25).</summary>
internal sealed class EndSession(TenantDbContext db, SessionEnding ending, RequestActor actor)
{
    public static void Map(RouteGroupBuilder me) => me
        .MapDelete("/sessions/{id:guid}", (Guid id, EndSession useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .ReachableWithoutMfa()
        .WithSummary("End one of the signed-in member's sessions")
        .WithErrors(("session.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var memberId = actor.MemberId;
        var session = await db.Sessions.SingleOrDefaultAsync(s => s.Id == id && s.MemberId == memberId, cancellationToken);
        return session is not null && await ending.EndAsync(session, "revoked", cancellationToken)
            ? TypedResults.NoContent()
            : Problems.NotFound("session.not_found", "You have no such session.");
    }
}
