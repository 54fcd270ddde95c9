using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Onboarding.Api.Http;

/// <summary>Writes every problem as JSON, whatever the request accepts.</summary>
/// <remarks>
/// The framework's writer steps aside when <c>Accept</c> names neither JSON nor <c>*/*</c>, and the client then gets
/// plain text or nothing. RFC 9110, section 15.5.7, lets an error ignore <c>Accept</c>; one shape is worth more.
/// </remarks>
internal sealed class ProblemWriter(IOptions<JsonOptions> json) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        ProblemConventions.Complete(context);
        var response = context.HttpContext.Response;
        response.StatusCode = context.ProblemDetails.Status ?? response.StatusCode;

        // By the runtime type: validation problems carry errors, which the base type would drop.
        return new ValueTask(response.WriteAsJsonAsync(
            context.ProblemDetails,
            context.ProblemDetails.GetType(),
            json.Value.SerializerOptions,
            "application/problem+json",
            context.HttpContext.RequestAborted));
    }
}
