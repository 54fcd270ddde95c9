using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Current">Whether this is the session that asks.</param>
public sealed record SessionResponse(
    Guid Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string? IpAddress, string? UserAgent, bool Current);

/// <summary>The signed-in member's live sessions, newest first (SEC-25).</summary>
internal sealed class ListSessions(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder me) => me
        .MapGet("/sessions", ([AsParameters] PageQuery page, ListSessions useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .ReachableWithoutMfa()
        .WithSummary("List the signed-in member's sessions")
        .WithExample(response: new Page<SessionResponse>([new(Guid.Parse("01990000-0000-7000-8000-000000000002"), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(30), "203.0.113.7", "Mozilla/5.0", true)], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<SessionResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var (memberId, current, now) = (actor.MemberId, actor.SessionId, clock.GetUtcNow());
        var sessions = db.Sessions.AsNoTracking().Where(s => s.MemberId == memberId && s.EndedAt == null && s.ExpiresAt > now);
        if (after is var (at, id))
        {
            sessions = sessions.Where(s => s.CreatedAt < at || (s.CreatedAt == at && s.Id < id));
        }

        var rows = await sessions.OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id).Take(page.Take)
            .Select(s => new SessionResponse(s.Id, s.CreatedAt, s.LastUsedAt, s.ExpiresAt, s.IpAddress, s.UserAgent, s.Id == current))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
