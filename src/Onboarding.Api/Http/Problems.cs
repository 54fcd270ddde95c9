using Microsoft.AspNetCore.Http.HttpResults;

namespace Onboarding.Api.Http;

/// <summary>The only way a use case answers with an error: an RFC 9457 problem with a stable <c>code</c>.</summary>
/// <remarks>
/// Clients branch on <c>code</c> and show <c>detail</c>; sentences may change, codes may not. <c>type</c> and
/// <c>trace_id</c> are added by <see cref="ProblemConventions"/>, so the framework's own problems carry them too.
/// </remarks>
internal static class Problems
{
    /// <summary>How many seconds to wait; <see cref="ProblemConventions"/> repeats it as <c>Retry-After</c>.</summary>
    internal const string RetryAfterKey = "retry_after";

    public static ProblemHttpResult BadRequest(string code, string detail, IDictionary<string, object?>? extensions = null) =>
        Create(StatusCodes.Status400BadRequest, code, detail, extensions);

    public static ProblemHttpResult Unauthorized(string code, string detail) =>
        Create(StatusCodes.Status401Unauthorized, code, detail);

    public static ProblemHttpResult Forbidden(string code, string detail) =>
        Create(StatusCodes.Status403Forbidden, code, detail);

    public static ProblemHttpResult NotFound(string code, string detail) =>
        Create(StatusCodes.Status404NotFound, code, detail);

    public static ProblemHttpResult Conflict(string code, string detail, IDictionary<string, object?>? extensions = null) =>
        Create(StatusCodes.Status409Conflict, code, detail, extensions);

    public static ProblemHttpResult TooManyRequests(string code, string detail, TimeSpan retryAfter, IDictionary<string, object?>? extensions = null) =>
        Create(StatusCodes.Status429TooManyRequests, code, detail, Wait(retryAfter, extensions));

    public static ProblemHttpResult Unavailable(string code, string detail, TimeSpan retryAfter) =>
        Create(StatusCodes.Status503ServiceUnavailable, code, detail, Wait(retryAfter));

    /// <summary>400 <c>request.invalid</c> for a rule that data annotations cannot express.</summary>
    /// <param name="field">The member as the client spells it (snake_case).</param>
    /// <param name="sentence">What is wrong with it.</param>
    public static ProblemHttpResult Invalid(string field, string sentence) =>
        TypedResults.Problem(new HttpValidationProblemDetails(new Dictionary<string, string[]> { [field] = [sentence] })
        {
            Status = StatusCodes.Status400BadRequest,
        });

    internal static ProblemHttpResult Create(
        int status, string code, string detail, IDictionary<string, object?>? extensions = null) =>
        TypedResults.Problem(
            statusCode: status,
            detail: detail,
            extensions: [.. extensions ?? new Dictionary<string, object?>(), KeyValuePair.Create("code", (object?)code)]);

    private static Dictionary<string, object?> Wait(TimeSpan retryAfter, IDictionary<string, object?>? extensions = null) =>
        new(extensions ?? new Dictionary<string, object?>()) { [RetryAfterKey] = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds)) };
}
