namespace Onboarding.Api.Features.Account;

/// <summary>How members keep hold of their account: the password, forgotten or changed, and the address.</summary>
internal static class AccountFeature
{
    public static IServiceCollection AddAccount(this IServiceCollection services) => services
        .AddScoped<OldPassword>().AddScoped<PasswordByLink>()
        .AddScoped<ForgotPassword>().AddScoped<ResetPassword>().AddScoped<ChangePassword>()
        .AddScoped<ChangeEmail>().AddScoped<ConfirmEmail>();

    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").WithTags("Auth").AllowAnonymous();
        ForgotPassword.Map(anonymous);
        ResetPassword.Map(anonymous);

        var me = routes.MapGroup("/me").WithTags("Auth").RequireAuthorization();
        ChangePassword.Map(me);
        ChangeEmail.Map(me);
        ConfirmEmail.Map(me);
    }
}
