using Onboarding.Api.Http;

namespace Onboarding.Api.Features.Mfa;

/// <summary>Second factors: setting them up, signing in by them, and the devices that stand in for them.</summary>
internal static class MfaFeature
{
    public static IServiceCollection AddMfa(this IServiceCollection services) => services
        .AddScoped<SecondFactors>().AddScoped<RememberedDevices>().AddScoped<ChangingFactors>().AddScoped<FinishingLogin>()
        .AddScoped<FinishLogin>().AddScoped<SetUpTotp>().AddScoped<ConfirmTotp>().AddScoped<DisableTotp>().AddScoped<RenewRecoveryCodes>()
        .AddScoped<ListDevices>().AddScoped<ForgetDevice>();

    public static void MapMfa(this IEndpointRouteBuilder routes)
    {
        FinishLogin.Map(routes.MapGroup("").WithTags("Auth").AllowAnonymous());

        // What changes the factors needs a sign-in of the last minutes (SEC-30).
        var mfa = routes.MapGroup("/me/mfa").WithTags("Auth").RequireAuthorization().RequireFreshSignIn().ReachableWithoutMfa().ReachableWhileSuspended();
        SetUpTotp.Map(mfa);
        ConfirmTotp.Map(mfa);
        DisableTotp.Map(mfa);
        RenewRecoveryCodes.Map(mfa);

        var devices = routes.MapGroup("/me/devices").WithTags("Auth").RequireAuthorization();
        ListDevices.Map(devices);
        ForgetDevice.Map(devices);
    }
}
