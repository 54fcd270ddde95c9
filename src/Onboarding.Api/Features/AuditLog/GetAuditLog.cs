using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.AuditLog;

/// <param name="Actor">Only what this member, or this API key, did.</param>
/// <param name="Action">Only this action, such as <c>member.approved</c>.</param>
/// <param name="From">Not before this instant.</param>
/// <param name="To">Before this instant.</param>
public sealed record AuditLogQuery(
    [property: FromQuery(Name = "actor")] Guid? Actor = null,
    [property: FromQuery(Name = "action"), StringLength(64)] string? Action = null,
    [property: FromQuery(Name = "from")] DateTimeOffset? From = null,
    [property: FromQuery(Name = "to")] DateTimeOffset? To = null);

/// <param name="ActorKind">Who did it: <c>system</c>, <c>anonymous</c>, <c>member</c>, <c>api_key</c> or <c>super_admin</c>; more may come.</param>
public sealed record AuditEntryResponse(
    Guid Id, DateTimeOffset OccurredAt, string Action, string ActorKind, Guid? ActorId, Guid? SubjectId, string? Note, string? IpAddress, string? RequestId);

/// <summary>What happened in the organization, newest first (SEC-48).</summary>
internal sealed class GetAuditLog(TenantDbContext db)
{
    // Lines from before the constraint of their column may say anything.
    private static readonly DateTimeOffset First = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Last = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/audit-log", ([AsParameters] PageQuery page, [AsParameters] AuditLogQuery query, GetAuditLog useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .WithTags("Admin")
        .RequireAuthorization(Permissions.ReadAuditLog)
        .WithSummary("Read the audit log")
        .WithExample(response: new Page<AuditEntryResponse>(
            [new(Guid.Parse("01990000-0000-7000-8000-000000000003"), DateTimeOffset.UnixEpoch, "member.approved", "member", Guid.Parse("01990000-0000-7000-8000-000000000001"), Guid.Parse("01990000-0000-7000-8000-000000000004"), "Known", "203.0.113.7", "4bf92f3577b34da6a3ce929d0e0e4736")], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<AuditEntryResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, AuditLogQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var entries = Filter(db, query);
        entries = after is var (_, id) ? entries.Where(e => e.Id < id) : entries;
        var rows = await Rows(entries, page.Take).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.OccurredAt, row.Id)));
    }

    /// <summary>What the query asks for.</summary>
    public static IQueryable<AuditEntry> Filter(TenantDbContext db, AuditLogQuery query)
    {
        var entries = db.AuditLog.AsNoTracking();
        entries = query.Actor is { } actor ? entries.Where(e => e.ActorId == actor) : entries;
        entries = query.Action is { } action ? entries.Where(e => e.Action == action) : entries;
        entries = query.From?.ToUniversalTime() is { } from ? entries.Where(e => e.OccurredAt >= from && e.Id > IdAt(from, -1)) : entries;
        return query.To?.ToUniversalTime() is { } to ? entries.Where(e => e.OccurredAt < to && e.Id < IdAt(to, 1)) : entries;
    }

    /// <summary>The newest of them, as they are shown: a time that no program can read as the first or the last that it can.</summary>
    public static IQueryable<AuditEntryResponse> Rows(IQueryable<AuditEntry> entries, int count) => entries.OrderByDescending(e => e.Id).Take(count)
        .Select(e => new AuditEntryResponse(e.Id, e.OccurredAt < First ? First : e.OccurredAt > Last ? Last : e.OccurredAt, e.Action, e.ActorKind, e.ActorId, e.SubjectId, e.Note, e.IpAddress, e.RequestId));

    // Ids begin with their time, so their index finds an old day without reading what is newer.
    private static Guid IdAt(DateTimeOffset at, int milliseconds) =>
        at <= DateTimeOffset.UnixEpoch ? Guid.Empty : at.Year >= 9999 ? Guid.AllBitsSet : Ids.New(at.AddMilliseconds(milliseconds));
}
