using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.CustomRoles;

public sealed record PermissionResponse(string Name, string Description);

public sealed record PermissionsResponse(IReadOnlyList<PermissionResponse> Data);

/// <summary>Every permission that a role can hold.</summary>
internal static class ListPermissions
{
    private static readonly PermissionsResponse All = new([.. Permissions.Descriptions.Select(p => new PermissionResponse(p.Key, p.Value))]);

    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/permissions", () => TypedResults.Ok(All))
        .RequireAuthorization(Permissions.ReadMembers)
        .WithSummary("List permissions")
        .WithExample(response: All);
}
