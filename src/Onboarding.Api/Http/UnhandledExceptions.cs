using System.Text.Json;

using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Api.Http;

/// <summary>Separates what the client did wrong, or walked away from, from our own bugs.</summary>
/// <remarks>
/// An exception that is handled here is not logged as an error; any other becomes 500 without a detail. A database that
/// is away or full is nobody's bug: 503, and when to come back (FAULT-4, FAULT-5, FAULT-18). Nor is an organization that uses all it may (FAULT-20).
/// </remarks>
internal sealed partial class UnhandledExceptions(IProblemDetailsService problems, ILogger<UnhandledExceptions> logger) : IExceptionHandler
{
    private const int ClientClosedRequest = 499;

    /// <summary>About what a restart of PostgreSQL takes.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested && IsCausedByAbort(exception))
        {
            httpContext.Response.StatusCode = ClientClosedRequest;
            return ValueTask.FromResult(true);
        }

        if (exception is OrganizationBusyException)
        {
            return AnswerAsync(httpContext, FairShare.Busy(httpContext).ProblemDetails);
        }

        if (TransientFailures.IsDatabaseAway(exception))
        {
            DatabaseAway(exception);
            return AnswerAsync(httpContext, Away());
        }

        if (exception is not BadHttpRequestException bad)
        {
            return ValueTask.FromResult(false);
        }

        httpContext.Response.StatusCode = bad.StatusCode;
        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = bad.InnerException is JsonException json
                ? MalformedJson.Explain(json)
                : new() { Status = bad.StatusCode, Detail = UnreadableParameter.Explain(bad) },
        });
    }

    private async ValueTask<bool> AnswerAsync(HttpContext context, ProblemDetails problem)
    {
        context.Response.StatusCode = problem.Status!.Value;
        try
        {
            return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem });
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
            return true;
        }
    }

    // A load balancer and an honest client both know what to do with it; a 500 would say that somebody has to look.
    private static ProblemDetails Away() => Problems.Unavailable(
        "server.unavailable", "The database is away for a moment. Try again shortly.", RetryAfter).ProblemDetails;

    [LoggerMessage(LogLevel.Warning, "The database was away, or had no room; the request was answered with 503.")]
    private partial void DatabaseAway(Exception exception);

    /// <summary>Drivers wrap the cancellation, so the whole chain counts.</summary>
    private static bool IsCausedByAbort(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is OperationCanceledException or IOException)
            {
                return true;
            }
        }

        return false;
    }
}
