using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApprovalRules;

/// <param name="Domain">Behind the @, in ASCII form; subdomains are not meant.</param>
/// <param name="Role">With <c>approve</c>: the role that people get.</param>
public sealed record ApprovalRuleResponse(Guid Id, string Domain, ApprovalAction Action, string? Role, DateTimeOffset CreatedAt)
{
    internal static readonly ApprovalRuleResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000006"), "example.com", ApprovalAction.Approve, Roles.User, DateTimeOffset.UnixEpoch);

    internal static ApprovalRuleResponse Of(ApprovalRule rule) => new(rule.Id, rule.Domain, rule.Action, rule.Role, rule.CreatedAt);
}

/// <summary>The rules, by domain.</summary>
internal sealed class ListApprovalRules(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder rules) => rules
        .MapGet("", ([AsParameters] PageQuery page, ListApprovalRules useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("List approval rules")
        .WithExample(response: new Page<ApprovalRuleResponse>([ApprovalRuleResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<ApprovalRuleResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (string Domain, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var rules = db.ApprovalRules.AsNoTracking();
        if (after is var (domain, _))
        {
            rules = rules.Where(r => r.Domain.CompareTo(domain) > 0);
        }

        var rows = await rules.OrderBy(r => r.Domain).Take(page.Take)
            .Select(r => new ApprovalRuleResponse(r.Id, r.Domain, r.Action, r.Role, r.CreatedAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.Domain, row.Id)));
    }
}
