namespace Onboarding.Api.Http;

/// <summary>Wires <see cref="Problems"/> and its conventions into the application.</summary>
internal static class ProblemServices
{
    public static IServiceCollection AddProblems(this IServiceCollection services)
    {
        // First in line, so it is asked before the framework's writer.
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<UnhandledExceptions>();

        // Outside Development a bad body would otherwise be a bare 400, without the reason.
        return services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    /// <summary>Goes first: what is thrown or answered without a body further down becomes a problem here.</summary>
    public static IApplicationBuilder UseProblems(this IApplicationBuilder app) => app
        .UseExceptionHandler()
        .UseStatusCodePages();

    /// <summary>Answers 404, 405 and 415 of the router at once; goes right after <c>UseRouting</c>.</summary>
    /// <remarks>The fallback policy would otherwise turn a mistyped address into a 401.</remarks>
    public static IApplicationBuilder UseRouteProblems(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        switch (context.GetEndpoint())
        {
            case null:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;

            // The router's own refusals are endpoints without a route.
            case { RequestDelegate: { } refuse } endpoint when endpoint is not RouteEndpoint:
                return refuse(context);

            default:
                return next(context);
        }
    });
}
