using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;

namespace Onboarding.Api.Features.SignUps;

/// <summary>How a stranger comes to an organization of their own: all of it anonymous, and on the bare domain.</summary>
internal static class SignUpsFeature
{
    public static IServiceCollection AddSignUps(this IServiceCollection services)
    {
        services.AddOptions<SignUpOptions>().BindConfiguration(SignUpOptions.Section);
        return services.AddScoped<CreateOrganization>().AddScoped<VerifyOrganization>().AddScoped<LookUpOrganization>();
    }

    public static void MapSignUps(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/organizations").WithTags("Organizations").AllowAnonymous().ExcludeFromMultiTenantResolution();
        LookUpOrganization.Map(group);

        var open = group.MapGroup("").AddEndpointFilter(RequireEnabledAsync).WithErrors(("sign_up.disabled", 403));
        CreateOrganization.Map(open);
        VerifyOrganization.Map(open);
    }

    private static ValueTask<object?> RequireEnabledAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.RequestServices.GetRequiredService<IOptions<SignUpOptions>>().Value.Enabled
            ? next(context)
            : ValueTask.FromResult<object?>(Problems.Forbidden("sign_up.disabled", "Organizations are created by the operator here."));
}
