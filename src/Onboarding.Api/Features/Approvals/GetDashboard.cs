using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Approvals;

public enum DashboardSort
{
    /// <summary>Who waits longest comes first.</summary>
    Oldest,

    /// <summary>Who came last comes first.</summary>
    Newest,
}

/// <param name="Status">Which state to list.</param>
/// <param name="Search">Part of a user name, address or full name.</param>
/// <param name="Sort">Whom to list first.</param>
public sealed record DashboardQuery(
    [property: FromQuery(Name = "status"), DefaultValue("pending_approval")] Choice<MemberStatus>? Status = null,
    [property: FromQuery(Name = "search"), StringLength(100)] string? Search = null,
    [property: FromQuery(Name = "sort"), DefaultValue("oldest")] Choice<DashboardSort>? Sort = null);

/// <summary>An earlier registration of the same address, or an earlier membership (ONB-4, ONB-16).</summary>
public sealed record EarlierRegistration(Guid Id, MemberStatus Status, DateTimeOffset? DecidedAt, string? Reason);

/// <param name="WaitingSeconds">Since the address was proven; null before that and after the decision.</param>
/// <param name="Mail">How far the latest mail to this person came; <c>failed</c> calls for a resend (ONB-12).</param>
/// <param name="Earlier">Earlier registrations of the same address, newest first.</param>
public sealed record DashboardMember(
    Guid Id, string Username, string Email, string FullName, MemberStatus Status, string? Role, DateTimeOffset RegisteredAt, DateTimeOffset? VerifiedAt,
    long? WaitingSeconds, EmailStatus? Mail, IReadOnlyList<EarlierRegistration> Earlier);

public sealed record DashboardPage(IReadOnlyList<DashboardMember> Data, string? NextCursor, IReadOnlyDictionary<string, int> Counts);

/// <summary>The queue: who waits, how long, and what is known of them; three queries whatever the page holds.</summary>
internal sealed class GetDashboard(TenantDbContext db, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/admin-dashboard", ([AsParameters] PageQuery page, [AsParameters] DashboardQuery query, GetDashboard useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .RequireAuthorization(Permissions.ApproveMembers)
        .WithSummary("List the people who wait")
        .WithExample(response: new DashboardPage(
            [new(Guid.Parse("01990000-0000-7000-8000-000000000001"), "ada", "ada@example.com", "Ada Lovelace", MemberStatus.PendingApproval, null, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 3600, EmailStatus.Sent, [])],
            null,
            new Dictionary<string, int> { ["pending_approval"] = 1, ["active"] = 12 }))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<DashboardPage>, ProblemHttpResult>> HandleAsync(PageQuery page, DashboardQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var newest = query.Sort?.Value == DashboardSort.Newest;
        var status = query.Status?.Value ?? MemberStatus.PendingApproval;
        var members = db.Members.AsNoTracking().Where(m => m.Status == status).Search(query.Search);
        members = (newest, after) switch
        {
            (false, var (at, id)) => members.Where(m => (m.VerifiedAt ?? m.RegisteredAt) > at || ((m.VerifiedAt ?? m.RegisteredAt) == at && m.Id > id)),
            (true, var (at, id)) => members.Where(m => (m.VerifiedAt ?? m.RegisteredAt) < at || ((m.VerifiedAt ?? m.RegisteredAt) == at && m.Id < id)),
            _ => members,
        };
        members = newest
            ? members.OrderByDescending(m => m.VerifiedAt ?? m.RegisteredAt).ThenByDescending(m => m.Id)
            : members.OrderBy(m => m.VerifiedAt ?? m.RegisteredAt).ThenBy(m => m.Id);

        var rows = await members.Take(page.Take).Select(m => new
        {
            Member = m,
            Mail = db.Emails.Where(e => e.MemberId == m.Id).OrderByDescending(e => e.Id).Select(e => (EmailStatus?)e.Status).FirstOrDefault(),
        }).ToListAsync(cancellationToken);
        var earlier = await EarlierAsync([.. rows.Select(r => r.Member.NormalizedEmail!).Distinct()], cancellationToken);
        var counts = await db.Members.GroupBy(m => m.Status).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);

        var now = clock.GetUtcNow();
        var result = rows
            .Select(r => Describe(r.Member, r.Mail, [.. earlier[r.Member.NormalizedEmail!].Where(e => e.Id != r.Member.Id)], now))
            .ToList()
            .ToPage(page, m => Cursor.Of(m.VerifiedAt ?? m.RegisteredAt, m.Id));
        return TypedResults.Ok(new DashboardPage(result.Data, result.NextCursor, Counts(counts)));
    }

    private async Task<ILookup<string, EarlierRegistration>> EarlierAsync(string[] emails, CancellationToken cancellationToken)
    {
        var rows = await db.Members.AsNoTracking()
            .Where(m => emails.Contains(m.NormalizedEmail) && (m.Status == MemberStatus.Rejected || m.Status == MemberStatus.Expired || m.Status == MemberStatus.Removed))
            .OrderByDescending(m => m.RegisteredAt)
            .Take(10 * PageQuery.MaxLimit)
            .Select(m => new { m.NormalizedEmail, Earlier = new EarlierRegistration(m.Id, m.Status, m.DecidedAt, m.DecisionReason) })
            .ToListAsync(cancellationToken);
        return rows.ToLookup(r => r.NormalizedEmail!, r => r.Earlier);
    }

    private static DashboardMember Describe(Member m, EmailStatus? mail, IReadOnlyList<EarlierRegistration> earlier, DateTimeOffset now) => new(
        m.Id, m.UserName!, m.Email!, m.FullName, m.Status, m.Role, m.RegisteredAt, m.VerifiedAt,
        m.Status == MemberStatus.PendingApproval ? (long)(now - m.VerifiedAt!.Value).TotalSeconds : null, mail, earlier);

    private static Dictionary<string, int> Counts(Dictionary<MemberStatus, int> found) => Enum.GetValues<MemberStatus>()
        .ToDictionary(s => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()), s => found.GetValueOrDefault(s));
}
