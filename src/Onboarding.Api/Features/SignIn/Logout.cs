using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Refresh">Any refresh token of the session, used or not.</param>
public sealed record LogoutRequest([property: Required, StringLength(256)] string Refresh);

/// <summary>Ends the session of a refresh token; its access tokens stop working at once, on every node (SEC-24).</summary>
/// <remarks>Answers the same for a token that nobody knows: after the call it works for nobody, which is what was asked for (RFC 7009, section 2.2).</remarks>
internal sealed class Logout(TenantDbContext db, SessionEnding ending)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/logout", (LogoutRequest request, Logout useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<LogoutRequest>("logout", limits => limits.Refresh, request => request.Refresh)
        .ReachableWhileSuspended()
        .WithSummary("Sign out")
        .WithExample(new LogoutRequest("rt_3q2-7wAB..."));

    public async Task<NoContent> HandleAsync(LogoutRequest request, CancellationToken cancellationToken)
    {
        if (OpaqueToken.IsWellFormed(request.Refresh, OpaqueToken.Refresh))
        {
            var hash = SecretHasher.HashToken(request.Refresh);
            var session = await db.RefreshTokens
                .Where(t => t.TokenHash == hash)
                .Join(db.Sessions, t => t.SessionId, s => s.Id, (_, session) => session)
                .SingleOrDefaultAsync(cancellationToken);
            if (session is not null)
            {
                await ending.EndAsync(session, "logout", cancellationToken);
            }
        }

        return TypedResults.NoContent();
    }
}
