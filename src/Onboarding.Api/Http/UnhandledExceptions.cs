using System.Text.Json;

using Microsoft.AspNetCore.Diagnostics;

namespace Onboarding.Api.Http;

/// <summary>Separates what the client did wrong, or walked away from, from our own bugs.</summary>
/// <remarks>An exception that is handled here is not logged as an error; any other becomes 500 without a detail.</remarks>
internal sealed class UnhandledExceptions(IProblemDetailsService problems) : IExceptionHandler
{
    private const int ClientClosedRequest = 499;

    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested && IsCausedByAbort(exception))
        {
            httpContext.Response.StatusCode = ClientClosedRequest;
            return ValueTask.FromResult(true);
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
