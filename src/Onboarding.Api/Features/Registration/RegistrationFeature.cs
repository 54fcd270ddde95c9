namespace Onboarding.Api.Features.Registration;

/// <summary>From the first registration to the first password: all of it anonymous.</summary>
internal static class RegistrationFeature
{
    public static IServiceCollection AddRegistration(this IServiceCollection services)
    {
        services.AddOptions<RegistrationOptions>().BindConfiguration(RegistrationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddScoped<Register>().AddScoped<ResendOtp>().AddScoped<Admission>().AddScoped<VerifyOtp>().AddScoped<SetPassword>();
    }

    public static void MapRegistration(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Auth").AllowAnonymous();
        Register.Map(group);
        ResendOtp.Map(group);
        VerifyOtp.Map(group);
        SetPassword.Map(group);
    }
}
