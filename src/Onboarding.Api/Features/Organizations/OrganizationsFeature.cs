namespace Onboarding.Api.Features.Organizations;

/// <summary>What the admins of an organization settle for it.</summary>
internal static class OrganizationsFeature
{
    public static IServiceCollection AddOrganizations(this IServiceCollection services) => services.AddScoped<GetOrganization>().AddScoped<ChangeOrganization>();

    public static void MapOrganizations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/organization").WithTags("Organizations");
        GetOrganization.Map(group);
        ChangeOrganization.Map(group);
    }
}
