using System.Linq.Expressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <param name="InvitedBy">User name of who invited last.</param>
/// <param name="SentAt">When it was last sent.</param>
/// <param name="ExpiresAt">Until when its link is good.</param>
/// <param name="MemberId">The member that came of it.</param>
/// <param name="Mail">How far its latest mail came; <c>failed</c> calls for a resend (ONB-12).</param>
public sealed record InvitationResponse(
    Guid Id, string Email, string Role, InvitationStatus Status, string? InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset SentAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? AcceptedAt, Guid? MemberId, EmailStatus? Mail)
{
    internal static readonly InvitationResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000005"), "ada@example.com", Roles.User, InvitationStatus.Open, "admin",
        DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(7), null, null, EmailStatus.Sent);

    internal static Expression<Func<Invitation, InvitationResponse>> From(TenantDbContext db, DateTimeOffset now) => i => new InvitationResponse(
        i.Id, i.Email, i.Role,
        i.AcceptedAt != null ? InvitationStatus.Accepted : i.RevokedAt != null ? InvitationStatus.Revoked : i.ExpiresAt <= now ? InvitationStatus.Expired : InvitationStatus.Open,
        db.Members.Where(m => m.Id == i.InvitedBy).Select(m => m.UserName).FirstOrDefault(),
        i.CreatedAt, i.SentAt, i.ExpiresAt, i.AcceptedAt, i.MemberId,
        db.Emails.Where(e => e.InvitationId == i.Id).OrderByDescending(e => e.Id).Select(e => (EmailStatus?)e.Status).FirstOrDefault());
}

/// <param name="Status">Only invitations that have come so far.</param>
public sealed record InvitationsQuery([property: FromQuery(Name = "status")] Choice<InvitationStatus>? Status = null);

/// <summary>Who was invited, newest first.</summary>
internal sealed class ListInvitations(TenantDbContext db, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder invitations) => invitations
        .MapGet("", ([AsParameters] PageQuery page, [AsParameters] InvitationsQuery query, ListInvitations useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .RequireAuthorization(Permissions.InviteMembers)
        .WithSummary("List invitations")
        .WithExample(response: new Page<InvitationResponse>([InvitationResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<InvitationResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, InvitationsQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var now = clock.GetUtcNow();
        var invitations = query.Status?.Value switch
        {
            InvitationStatus.Open => db.Invitations.Where(i => i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now),
            InvitationStatus.Expired => db.Invitations.Where(i => i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt <= now),
            InvitationStatus.Accepted => db.Invitations.Where(i => i.AcceptedAt != null),
            InvitationStatus.Revoked => db.Invitations.Where(i => i.RevokedAt != null),
            _ => db.Invitations,
        };
        if (after is var (_, id))
        {
            invitations = invitations.Where(i => i.Id < id);
        }

        // Ids are UUIDv7: their order is that of the first sending, and the primary key serves it.
        var rows = await invitations.AsNoTracking().OrderByDescending(i => i.Id).Take(page.Take).Select(InvitationResponse.From(db, now)).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
