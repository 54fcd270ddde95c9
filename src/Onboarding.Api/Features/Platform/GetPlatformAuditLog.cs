using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Platform;

/// <param name="Organization">Only what was done to this organization.</param>
/// <param name="Actor">Only what this super admin did.</param>
/// <param name="Action">Only this action, such as <c>organization.suspended</c>.</param>
/// <param name="From">Not before this instant.</param>
/// <param name="To">Before this instant.</param>
public sealed record PlatformAuditLogQuery(
    [property: FromQuery(Name = "organization")] Guid? Organization = null,
    [property: FromQuery(Name = "actor")] Guid? Actor = null,
    [property: FromQuery(Name = "action"), StringLength(64)] string? Action = null,
    [property: FromQuery(Name = "from")] DateTimeOffset? From = null,
    [property: FromQuery(Name = "to")] DateTimeOffset? To = null);

/// <param name="ActorKind">Who did it: <c>system</c>, <c>anonymous</c> or <c>super_admin</c>; more may come.</param>
public sealed record PlatformAuditEntryResponse(
    Guid Id, DateTimeOffset OccurredAt, string Action, string ActorKind, Guid? ActorId, Guid? OrganizationId, Guid? SubjectId, string? Note, string? IpAddress, string? RequestId);

/// <summary>What was done to organizations from outside them, and who signed in to do it; newest first (SEC-37, SEC-48).</summary>
internal sealed class GetPlatformAuditLog(PlatformDbContext db)
{
    public static void Map(RouteGroupBuilder platform) => platform
        .MapGet("/audit-log", ([AsParameters] PageQuery page, [AsParameters] PlatformAuditLogQuery query, GetPlatformAuditLog useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .WithSummary("Read the platform's audit log")
        .WithExample(response: new Page<PlatformAuditEntryResponse>(
            [new(Guid.Parse("01990000-0000-7000-8000-000000000003"), DateTimeOffset.UnixEpoch, "organization.suspended", "super_admin", Guid.Parse("01990000-0000-7000-8000-000000000001"), Guid.Parse("01990000-0000-7000-8000-0000000000aa"), null, "Three invoices are open.", "203.0.113.7", "4bf92f3577b34da6a3ce929d0e0e4736")], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<PlatformAuditEntryResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, PlatformAuditLogQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var entries = db.AuditLog.AsNoTracking();
        entries = query.Organization is { } organization ? entries.Where(e => e.OrganizationId == organization) : entries;
        entries = query.Actor is { } actor ? entries.Where(e => e.ActorId == actor) : entries;
        entries = query.Action is { } action ? entries.Where(e => e.Action == action) : entries;
        entries = query.From?.ToUniversalTime() is { } from ? entries.Where(e => e.OccurredAt >= from) : entries;
        entries = query.To?.ToUniversalTime() is { } to ? entries.Where(e => e.OccurredAt < to) : entries;
        entries = after is var (_, id) ? entries.Where(e => e.Id < id) : entries;
        var rows = await entries.OrderByDescending(e => e.Id).Take(page.Take)
            .Select(e => new PlatformAuditEntryResponse(e.Id, e.OccurredAt, e.Action, e.ActorKind, e.ActorId, e.OrganizationId, e.SubjectId, e.Note, e.IpAddress, e.RequestId))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.OccurredAt, row.Id)));
    }
}
