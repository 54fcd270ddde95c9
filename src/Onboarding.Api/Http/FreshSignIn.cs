using System.Globalization;
using System.Security.Claims;
using Onboarding.Api.SignIn;

namespace Onboarding.Api.Http;

/// <summary>Guards what a session that was left open, or stolen, must not be enough for: MFA, e-mail and password (SEC-30), and keys, which would outlive it.</summary>
internal static class FreshSignIn
{
    /// <summary>How long a sign-in is fresh.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>403 <c>reauthentication.required</c> unless the member signed in a moment ago; refreshing tokens does not count as signing in.</summary>
    public static TBuilder RequireFreshSignIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder
        .AddEndpointFilter(async (context, next) => IsFresh(context.HttpContext)
            ? await next(context)
            : Problems.Forbidden("reauthentication.required", "Sign in again first; this needs a sign-in of the last few minutes."))
        .WithErrors(("reauthentication.required", StatusCodes.Status403Forbidden));

    // A credential that does not tell when somebody signed in, such as a machine's, is never fresh.
    private static bool IsFresh(HttpContext http) =>
        long.TryParse(http.User.FindFirstValue(TokenClaims.AuthenticatedAt), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(seconds) <= Lifetime;
}
