namespace Onboarding.Api.Features.CustomRoles;

/// <summary>The organization's own roles, made of the permissions that there are.</summary>
internal static class CustomRolesFeature
{
    public static IServiceCollection AddCustomRoles(this IServiceCollection services) => services
        .AddScoped<ChangingSettings>().AddScoped<ListRoles>().AddScoped<DefineRole>().AddScoped<ChangeRoleDefinition>().AddScoped<DeleteRole>();

    public static void MapCustomRoles(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Members");
        ListPermissions.Map(group);
        ListRoles.Map(group);
        DefineRole.Map(group);
        ChangeRoleDefinition.Map(group);
        DeleteRole.Map(group);
    }
}
