using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Platform;

/// <param name="Mfa">Whether this session has shown a second factor.</param>
/// <param name="ExpiresAt">When the session ends, however busy it is.</param>
public sealed record SuperAdminResponse(Guid Id, string Username, bool Mfa, DateTimeOffset SignedInAt, DateTimeOffset ExpiresAt)
{
    internal static readonly SuperAdminResponse Example = new(Guid.Parse("01990000-0000-7000-8000-000000000001"), "root", Mfa: true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(8));
}

/// <summary>The signed-in super admin.</summary>
internal sealed class GetPlatformMe(PlatformDbContext db, RequestActor actor)
{
    public static void Map(RouteGroupBuilder platform) => platform
        .MapGet("/me", (GetPlatformMe useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Get the signed-in super admin")
        .WithExample(response: SuperAdminResponse.Example);

    public async Task<Ok<SuperAdminResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var id = actor.SessionId;
        return TypedResults.Ok(await db.SuperAdminSessions.Where(s => s.Id == id)
            .Join(db.SuperAdmins, s => s.SuperAdminId, a => a.Id, (s, a) => new SuperAdminResponse(a.Id, a.UserName, s.IsMultiFactor, s.CreatedAt, s.ExpiresAt))
            .SingleAsync(cancellationToken));
    }
}
