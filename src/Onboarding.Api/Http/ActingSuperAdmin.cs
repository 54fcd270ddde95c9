using Microsoft.AspNetCore.Authorization;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Http;

/// <summary>Holds a super admin who acts inside an organization to what was asked for, and tells the organization of every step (SEC-37).</summary>
internal static class ActingSuperAdmin
{
    /// <summary>How the super admin acts who makes this request; null for everybody else.</summary>
    public static Acting? Of(HttpContext context) =>
        Enum.TryParse<Acting>(context.User.FindFirst(TokenClaims.Acting)?.Value, ignoreCase: true, out var acting) ? acting : null;

    /// <summary>Whoever looks may see everything; whoever changes something leaves nothing behind by which to come back.</summary>
    public static IReadOnlySet<string> PermissionsOf(HttpRequest request) => Reads(request) ? Permissions.All : Permissions.OfSuperAdmins;

    private static bool Reads(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>Goes behind authorization: what is refused is no step, and neither is what anybody may call.</summary>
    public static IApplicationBuilder UseActingSuperAdmin(this IApplicationBuilder app) => app.Use((context, next) =>
        Of(context) is { } acting && context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is null ? StepAsync(context, acting, next) : next(context));

    private static async Task StepAsync(HttpContext context, Acting acting, RequestDelegate next)
    {
        if (acting == Acting.Read && !Reads(context.Request))
        {
            await Problems.Forbidden("access.read_only", "You entered this organization to look. Enter it again, saying that you want to change something.").ExecuteAsync(context);
            return;
        }

        // Before the step, and in a unit of work of its own: a step that nobody could be told of is not taken.
        var services = context.RequestServices;
        var db = services.GetRequiredService<TenantDbContext>();
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        db.Audit("super_admin.request", services.GetRequiredService<RequestActor>().ToActor(), subjectId: null, $"{context.Request.Method} /{route?.Trim('/')}", services.GetRequiredService<TimeProvider>().GetUtcNow());
        await db.SaveChangesAsync(context.RequestAborted);
        db.ChangeTracker.Clear();
        await next(context);
    }
}
