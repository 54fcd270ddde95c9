using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApiKeys;

/// <summary>Keys for machines: the organization's by permission, a member's own for everybody. The same use cases, mapped twice.</summary>
/// <remarks>People manage them, signed in: no key has a say in keys, its own included (SEC-34).</remarks>
internal static class ApiKeysFeature
{
    public static IServiceCollection AddApiKeys(this IServiceCollection services) => services
        .AddScoped<ApiKeyAccess>().AddScoped<CreateApiKey>().AddScoped<ListApiKeys>().AddScoped<GetApiKey>().AddScoped<ChangeApiKey>()
        .AddScoped<RotateApiKey>().AddScoped<RevokeApiKey>().AddScoped<GetApiKeyUsage>();

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        Map(routes.MapGroup("/api-keys").WithTags("Api keys").RequireAuthorization().RequireAuthorization(Permissions.ManageApiKeys), own: false);
        Map(routes.MapGroup("/me/api-keys").WithTags("Api keys").RequireAuthorization(), own: true);
    }

    private static void Map(RouteGroupBuilder keys, bool own)
    {
        CreateApiKey.Map(keys, own);
        ListApiKeys.Map(keys, own);
        GetApiKey.Map(keys, own);
        ChangeApiKey.Map(keys, own);
        RotateApiKey.Map(keys, own);
        RevokeApiKey.Map(keys, own);
        GetApiKeyUsage.Map(keys, own);
    }
}
