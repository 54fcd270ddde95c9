using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Platform;

/// <summary>Ends the super admin's session, and with it whatever acts in its name inside organizations: here and on every other node at once.</summary>
internal sealed class PlatformLogout(PlatformDbContext db, PlatformSessions sessions, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder platform) => platform
        .MapPost("/logout", (PlatformLogout useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Sign out as a super admin");

    public async Task<NoContent> HandleAsync(CancellationToken cancellationToken)
    {
        PlatformAudit.Add(db, "sign_in.ended", actor.ToActor(), organizationId: null, actor.SessionId, note: null, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await sessions.EndAsync(db, actor.SessionId, CancellationToken.None);
        return TypedResults.NoContent();
    }
}
