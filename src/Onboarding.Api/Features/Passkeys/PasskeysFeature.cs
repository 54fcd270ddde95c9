using Onboarding.Api.Http;

namespace Onboarding.Api.Features.Passkeys;

/// <summary>Passkeys: the member's own, signing in by one, and one as second factor behind a password.</summary>
internal static class PasskeysFeature
{
    public static IServiceCollection AddPasskeys(this IServiceCollection services) => services
        .AddScoped<PasskeyCeremonies>()
        .AddScoped<ListPasskeys>().AddScoped<BeginPasskey>().AddScoped<AddPasskey>().AddScoped<RenamePasskey>().AddScoped<RemovePasskey>()
        .AddScoped<BeginPasskeyLogin>().AddScoped<PasskeyLogin>().AddScoped<BeginPasskeyFactor>().AddScoped<PasskeyFactor>();

    public static void MapPasskeys(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").WithTags("Auth").AllowAnonymous();
        BeginPasskeyLogin.Map(anonymous);
        PasskeyLogin.Map(anonymous);
        BeginPasskeyFactor.Map(anonymous);
        PasskeyFactor.Map(anonymous);

        var passkeys = routes.MapGroup("/me/passkeys").WithTags("Auth").RequireAuthorization().ReachableWithoutMfa().ReachableWhileSuspended();
        ListPasskeys.Map(passkeys);
        BeginPasskey.Map(passkeys);
        AddPasskey.Map(passkeys);
        RenamePasskey.Map(passkeys);
        RemovePasskey.Map(passkeys);
    }
}
