using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Features.Approvals;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApprovalRules;

/// <param name="Domain">Behind the @; subdomains are not meant. Public mail domains are refused.</param>
/// <param name="Action">What happens to whoever has proven an address of it.</param>
/// <param name="Role">With <c>approve</c>: the role to give, <c>user</c> when left out; never <c>admin</c>, never more than the caller's own.</param>
public sealed record AddApprovalRuleRequest(
    [property: Required, StringLength(253)] string Domain,
    [property: Required] ApprovalAction? Action = null,
    [property: StringLength(64)] string? Role = null);

/// <summary>Adds a rule; it holds for everybody who proves an address from now on. One domain has one rule.</summary>
internal sealed class AddApprovalRule(TenantDbContext db, Decisions decisions, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder rules) => rules
        .MapPost("", (AddApprovalRuleRequest request, AddApprovalRule useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("Add an approval rule")
        .WithExample(new AddApprovalRuleRequest("example.com", ApprovalAction.Approve, Roles.User), ApprovalRuleResponse.Example)
        .WithErrors(("domain.invalid", 400), ("domain.public", 400), ("role.unknown", 400), ("role.not_grantable", 403), ("approval_rule.exists", 409));

    public async Task<Results<Created<ApprovalRuleResponse>, ProblemHttpResult>> HandleAsync(AddApprovalRuleRequest request, CancellationToken cancellationToken)
    {
        var role = request.Action == ApprovalAction.Approve ? request.Role ?? Roles.User : null;
        var domain = EmailDomain.Parse(request.Domain);
        if ((DomainRefusal(domain) ?? RoleRefusal(role, request)) is { } refusal)
        {
            return refusal;
        }

        var (rule, added) = ApprovalRule.Add(domain!, request.Action!.Value, role, clock.GetUtcNow());
        db.ApprovalRules.Add(rule);
        db.Record(added, actor.ToActor());
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsUnknownRole())
        {
            return Decisions.UnknownRole();
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Problems.Conflict("approval_rule.exists", "There is a rule for this domain. Remove it first.");
        }

        return TypedResults.Created((string?)null, ApprovalRuleResponse.Of(rule));
    }

    private static ProblemHttpResult? DomainRefusal(string? domain) =>
        domain is null ? Problems.BadRequest("domain.invalid", "This is no domain that mail can be sent to, such as example.com.")
        : PublicMailDomains.Contains(domain) ? Problems.BadRequest("domain.public", "Anybody gets an address of this domain, so it says nothing about who somebody is.")
        : null;

    private ProblemHttpResult? RoleRefusal(string? role, AddApprovalRuleRequest request) => role switch
    {
        null => request.Role is null ? null : Problems.Invalid("role", "Only a rule that approves gives a role."),
        _ when decisions.RoleRefusal(role) is { } refusal => refusal,
        _ when !db.Organization!.MayGiveByRule(role) => Problems.Forbidden("role.not_grantable", "No rule makes anybody an admin."),
        _ => null,
    };
}
