using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

public sealed record MemberSessionResponse(
    Guid Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string? IpAddress, string? UserAgent);

/// <summary>A member's live sessions, newest first, for whoever may end them (SEC-25).</summary>
internal sealed class ListMemberSessions(TenantDbContext db, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapGet("/{id:guid}/sessions", (Guid id, [AsParameters] PageQuery page, ListMemberSessions useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, page, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("List a member's sessions")
        .WithExample(response: new Page<MemberSessionResponse>([new(Guid.Parse("01990000-0000-7000-8000-000000000002"), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(30), "203.0.113.7", "Mozilla/5.0")], null))
        .WithErrors(("cursor.invalid", 400), ("member.not_found", 404));

    public async Task<Results<Ok<Page<MemberSessionResponse>>, ProblemHttpResult>> HandleAsync(Guid id, PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var now = clock.GetUtcNow();
        var sessions = db.Sessions.AsNoTracking().Where(s => s.MemberId == id && s.EndedAt == null && s.ExpiresAt > now);
        if (after is var (at, last))
        {
            sessions = sessions.Where(s => s.CreatedAt < at || (s.CreatedAt == at && s.Id < last));
        }

        var rows = await sessions.OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id).Take(page.Take)
            .Select(s => new MemberSessionResponse(s.Id, s.CreatedAt, s.LastUsedAt, s.ExpiresAt, s.IpAddress, s.UserAgent))
            .ToListAsync(cancellationToken);
        return rows.Count > 0 || await db.Members.AnyAsync(m => m.Id == id, cancellationToken)
            ? TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)))
            : GetMember.NotFound();
    }
}
