using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.CustomRoles;

/// <param name="Permissions">Replaces all of its permissions; left out, they stay.</param>
/// <param name="Description">Left out, it stays.</param>
public sealed record ChangeRoleDefinitionRequest(
    [property: MaxLength(100)] IReadOnlyList<string>? Permissions = null,
    [property: StringLength(200)] string? Description = null);

/// <summary>Changes what a role may do. It holds for everybody who is signed in with it, at once and on every node (SEC-24).</summary>
internal sealed class ChangeRoleDefinition(TenantDbContext db, ChangingSettings changing, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPatch("/roles/{name}", (string name, ChangeRoleDefinitionRequest request, ChangeRoleDefinition useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(name, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("Change a role's permissions")
        .WithExample(new ChangeRoleDefinitionRequest(RoleResponse.Example.Permissions), RoleResponse.Example)
        .WithErrors(("permission.unknown", 400), ("permission.not_grantable", 403), ("role.not_found", 404), ("role.built_in", 409));

    public async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> HandleAsync(string name, ChangeRoleDefinitionRequest request, CancellationToken cancellationToken)
    {
        if (DefineRole.PermissionRefusal(request.Permissions ?? [], actor.Permissions) is { } refusal)
        {
            return refusal;
        }

        var problem = await changing.RunAsync(
            async _ =>
            {
                var role = await db.Roles.SingleOrDefaultAsync(r => r.Name == name, cancellationToken);
                if (role is null or { IsBuiltIn: true })
                {
                    return Refusal(role);
                }

                // Taking away from a role what one does not hold is as much a change of others' rights as giving it.
                if (request.Permissions is not null && !actor.Permissions.IsSupersetOf(role.Permissions))
                {
                    return Problems.Forbidden("permission.not_grantable", "This role holds a permission that you do not hold.");
                }

                if (role.Change(request.Description?.Trim(), request.Permissions, clock.GetUtcNow()) is { } changed)
                {
                    db.Record(changed, actor.ToActor());
                }

                return null;
            },
            cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        return await db.Roles.AsNoTracking().Where(r => r.Name == name).Select(RoleResponse.From(db)).SingleOrDefaultAsync(cancellationToken) is { } now
            ? TypedResults.Ok(now)
            : Refusal(null);
    }

    /// <summary>Why there is nothing to change or delete.</summary>
    public static ProblemHttpResult Refusal(Role? role) => role is null
        ? Problems.NotFound("role.not_found", "There is no such role in this organization.")
        : Problems.Conflict("role.built_in", "A built-in role cannot be changed.");
}
