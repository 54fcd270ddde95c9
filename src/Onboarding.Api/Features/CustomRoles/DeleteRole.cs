using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.CustomRoles;

/// <summary>Deletes a role that nobody holds; the foreign keys see to it that nobody gets it at the same moment.</summary>
internal sealed class DeleteRole(TenantDbContext db, ChangingSettings changing, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapDelete("/roles/{name}", (string name, DeleteRole useCase, CancellationToken cancellationToken) => useCase.HandleAsync(name, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("Delete a role")
        .WithErrors(("permission.not_grantable", 403), ("role.not_found", 404), ("role.built_in", 409), ("role.in_use", 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var problem = await changing.RunAsync(
                async _ =>
                {
                    // Locked before anything is looked up: who is about to give the role holds it, and is seen afterwards.
                    var role = (await db.Roles.FromSql($"SELECT * FROM roles WHERE name = {name} FOR UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
                    if (role?.Delete(clock.GetUtcNow()) is not { } deleted)
                    {
                        return ChangeRoleDefinition.Refusal(role);
                    }

                    if (!actor.Permissions.IsSupersetOf(role.Permissions))
                    {
                        return Problems.Forbidden("permission.not_grantable", "This role holds a permission that you do not hold.");
                    }

                    var now = clock.GetUtcNow();
                    if (await db.Invitations.AnyAsync(i => i.Role == name && i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now, cancellationToken))
                    {
                        return InUse();
                    }

                    db.Roles.Remove(role);
                    db.Record(deleted, actor.ToActor());
                    return null;
                },
                cancellationToken);
            return problem is not null ? problem : TypedResults.NoContent();
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation })
        {
            return InUse();
        }
    }

    private static ProblemHttpResult InUse() => Problems.Conflict("role.in_use", "Members, invitations or approval rules have this role; change them first.");
}
