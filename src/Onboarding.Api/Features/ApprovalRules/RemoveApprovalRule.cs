using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApprovalRules;

/// <summary>Removes a rule. Whom it let in or turned down before stays so.</summary>
internal sealed class RemoveApprovalRule(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder rules) => rules
        .MapDelete("/{id:guid}", (Guid id, RemoveApprovalRule useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("Remove an approval rule")
        .WithErrors(("approval_rule.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await db.ApprovalRules.SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is not { } rule)
        {
            return NotFound();
        }

        db.ApprovalRules.Remove(rule);
        db.Record(rule.Remove(clock.GetUtcNow()), actor.ToActor());
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return NotFound();
        }

        return TypedResults.NoContent();
    }

    private static ProblemHttpResult NotFound() => Problems.NotFound("approval_rule.not_found", "There is no such rule in this organization.");
}
