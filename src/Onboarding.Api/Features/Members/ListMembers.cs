using System.ComponentModel.DataAnnotations;
using System.Linq.Expressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <param name="Mfa">Whether a second factor is set up.</param>
public sealed record MemberResponse(
    Guid Id, string Username, string Email, string FullName, MemberStatus Status, string? Role, DateTimeOffset RegisteredAt, DateTimeOffset? DecidedAt, bool Mfa)
{
    internal static readonly MemberResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000001"), "ada", "ada@example.com", "Ada Lovelace", MemberStatus.Active, "user", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, Mfa: false);

    internal static readonly Expression<Func<Member, MemberResponse>> From =
        m => new MemberResponse(m.Id, m.UserName!, m.Email!, m.FullName, m.Status, m.Role, m.RegisteredAt, m.DecidedAt, m.TwoFactorEnabled);

    private static readonly Func<Member, MemberResponse> Compiled = From.Compile();

    internal static MemberResponse Of(Member member) => Compiled(member);
}

/// <summary>How a member stands to a second factor.</summary>
public enum MfaState
{
    /// <summary>One is set up.</summary>
    Enabled,

    /// <summary>None is, and the member can sign in: whom a requirement affects.</summary>
    Missing,
}

/// <param name="Status">Only members in this state.</param>
/// <param name="Search">Part of a user name, address or full name.</param>
/// <param name="Mfa">Only members with a second factor, or (<c>missing</c>) active ones without.</param>
public sealed record MembersQuery(
    [property: FromQuery(Name = "status")] Choice<MemberStatus>? Status = null,
    [property: FromQuery(Name = "search"), StringLength(100)] string? Search = null,
    [property: FromQuery(Name = "mfa")] Choice<MfaState>? Mfa = null);

/// <summary>The organization's members, in the order in which they first registered.</summary>
internal sealed class ListMembers(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapGet("", ([AsParameters] PageQuery page, [AsParameters] MembersQuery query, ListMembers useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .RequireAuthorization(Permissions.ReadMembers)
        .WithSummary("List members")
        .WithExample(response: new Page<MemberResponse>([MemberResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<MemberResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, MembersQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var members = db.Members.AsNoTracking().Search(query.Search);
        if (query.Status is { Value: var status })
        {
            members = members.Where(m => m.Status == status);
        }

        if (query.Mfa is { Value: var mfa })
        {
            members = mfa == MfaState.Enabled ? members.Where(m => m.TwoFactorEnabled) : members.Where(m => !m.TwoFactorEnabled && m.Status == MemberStatus.Active);
        }

        if (after is var (_, id))
        {
            members = members.Where(m => m.Id > id);
        }

        // Ids are UUIDv7: their order is that of the first registration, and the primary key serves it.
        var rows = await members.OrderBy(m => m.Id).Take(page.Take).Select(MemberResponse.From).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.RegisteredAt, row.Id)));
    }
}
