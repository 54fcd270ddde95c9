namespace Onboarding.Api.Features.SignIn;

/// <summary>Signing in and out, refreshing, and the public keys: anonymous. The member's own account: signed in.</summary>
internal static class SignInFeature
{
    public static IServiceCollection AddSignInFeature(this IServiceCollection services) => services
        .AddScoped<SessionTokens>().AddScoped<SessionStarting>().AddScoped<SessionEnding>()
        .AddScoped<Login>().AddScoped<Refresh>().AddScoped<Logout>()
        .AddScoped<GetMe>().AddScoped<ChangeMe>().AddScoped<ListSessions>().AddScoped<EndSession>();

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").WithTags("Auth").AllowAnonymous();
        Login.Map(anonymous);
        Refresh.Map(anonymous);
        Logout.Map(anonymous);
        GetJwks.Map(anonymous);

        var me = routes.MapGroup("/me").WithTags("Auth").RequireAuthorization();
        GetMe.Map(me);
        ChangeMe.Map(me);
        ListSessions.Map(me);
        EndSession.Map(me);
    }
}
