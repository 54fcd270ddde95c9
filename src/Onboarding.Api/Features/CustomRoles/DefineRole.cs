using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.CustomRoles;

/// <param name="Name">2-40 of <c>a-z0-9_-</c>, beginning with a letter; it never changes.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Permissions">Names from the list of permissions; none that the caller lacks.</param>
public sealed record DefineRoleRequest(
    [property: Required, RegularExpression("[a-z][a-z0-9_-]{1,39}", ErrorMessage = "A role's name has 2 to 40 of a-z, 0-9, _ and -, and begins with a letter.")] string Name,
    [property: Required, MaxLength(100)] IReadOnlyList<string> Permissions,
    [property: StringLength(200)] string Description = "");

/// <summary>Adds a role of the organization's own. Nobody can put more into a role than they hold themselves (ONB-8).</summary>
internal sealed class DefineRole(TenantDbContext db, ChangingSettings changing, RequestActor actor, TimeProvider clock)
{
    /// <summary>How many roles of its own an organization can have: requests carry them in memory.</summary>
    public const int MaxRoles = 50;

    // Names that people would take for something else.
    private static readonly string[] Reserved = ["super_admin", "superadmin", "owner", "root", "system", "platform"];

    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/roles", (DefineRoleRequest request, DefineRole useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .RequireFeature(FeatureNames.CustomRoles)
        .WithSummary("Define a role")
        .WithExample(
            new DefineRoleRequest(RoleResponse.Example.Name, RoleResponse.Example.Permissions, RoleResponse.Example.Description),
            RoleResponse.Example with { Members = 0 })
        .WithErrors(("permission.unknown", 400), ("role.name_reserved", 400), ("permission.not_grantable", 403), ("role.exists", 409), ("role.too_many", 409));

    public async Task<Results<Created<RoleResponse>, ProblemHttpResult>> HandleAsync(DefineRoleRequest request, CancellationToken cancellationToken)
    {
        if (PermissionRefusal(request.Permissions, actor.Permissions) is { } refusal)
        {
            return refusal;
        }

        if (Reserved.Contains(request.Name))
        {
            return Problems.BadRequest("role.name_reserved", "This name is reserved.");
        }

        var (role, defined) = Role.Define(request.Name, request.Description.Trim(), request.Permissions, clock.GetUtcNow());
        var problem = await changing.RunAsync(
            async _ =>
            {
                var known = await db.Roles.AsNoTracking().Where(r => !r.IsBuiltIn || r.Name == role.Name).Select(r => r.Name).ToListAsync(cancellationToken);
                if (known.Contains(role.Name))
                {
                    return Problems.Conflict("role.exists", "There is a role of this name.");
                }

                if (known.Count >= MaxRoles)
                {
                    return Problems.Conflict("role.too_many", $"An organization can have {MaxRoles} roles of its own.");
                }

                db.Roles.Add(role);
                db.Record(defined, actor.ToActor());
                return null;
            },
            cancellationToken);
        return problem is not null
            ? problem
            : TypedResults.Created($"/roles/{role.Name}", new RoleResponse(role.Name, role.Description, role.Permissions, BuiltIn: false, Members: 0));
    }

    /// <summary>Why these permissions cannot be put into a role by somebody who holds <paramref name="held"/>.</summary>
    public static ProblemHttpResult? PermissionRefusal(IReadOnlyList<string> wanted, IReadOnlySet<string> held) =>
        wanted.Where(permission => !Permissions.All.Contains(permission ?? "")).Take(1).ToList() is [var unknown] ? Problems.BadRequest("permission.unknown", $"There is no permission {unknown}; GET /permissions lists them.")
        : wanted.FirstOrDefault(permission => !held.Contains(permission)) is { } lacking ? Problems.Forbidden("permission.not_grantable", $"You cannot give {lacking}, which you do not hold.")
        : null;
}
