using System.Linq.Expressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.CustomRoles;

/// <param name="BuiltIn">Whether it comes with the product and cannot be changed.</param>
/// <param name="Members">How many hold it.</param>
public sealed record RoleResponse(string Name, string Description, IReadOnlyList<string> Permissions, bool BuiltIn, int Members)
{
    internal static readonly RoleResponse Example = new("recruiter", "Lets people in.", [Tenancy.Members.Permissions.ApproveMembers, Tenancy.Members.Permissions.ReadMembers], false, 2);

    internal static Expression<Func<Role, RoleResponse>> From(TenantDbContext db) =>
        role => new RoleResponse(role.Name, role.Description, role.Permissions, role.IsBuiltIn, db.Members.Count(m => m.Role == role.Name));

    /// <summary>The permissions of a built-in role stand in the code.</summary>
    internal RoleResponse Complete() => BuiltIn ? this with { Permissions = [.. Roles.BuiltIn[Name].Order(StringComparer.Ordinal)] } : this;
}

public sealed record RolesResponse(IReadOnlyList<RoleResponse> Data);

/// <summary>The roles of the organization: the built-in ones first. They are few (<see cref="DefineRole.MaxRoles"/>), so there are no pages.</summary>
internal sealed class ListRoles(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/roles", (ListRoles useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .RequireAuthorization(Permissions.ReadMembers)
        .WithSummary("List roles")
        .WithExample(response: new RolesResponse([RoleResponse.Example]));

    public async Task<Ok<RolesResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var roles = await db.Roles.AsNoTracking().OrderByDescending(r => r.IsBuiltIn).ThenBy(r => r.Name).Select(RoleResponse.From(db)).ToListAsync(cancellationToken);
        return TypedResults.Ok(new RolesResponse([.. roles.Select(role => role.Complete())]));
    }
}
