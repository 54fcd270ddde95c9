using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Onboarding.Api.Http;

/// <summary>What every problem has in common, whether a use case or the framework made it.</summary>
internal static class ProblemConventions
{
    /// <summary>Completes a problem on its way out; runs for each of them, once.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var (problem, http) = (context.ProblemDetails, context.HttpContext);
        var status = problem.Status ??= http.Response.StatusCode;

        if (problem is HttpValidationProblemDetails validation)
        {
            problem.Detail ??= "Some fields are missing or not acceptable; see errors.";
            validation.Errors = InClientSpelling(validation.Errors);
        }

        var code = problem.Extensions.TryGetValue("code", out var known) && known is string given
            ? given
            : DefaultCode(status, problem, http);

        if (status == StatusCodes.Status403Forbidden && code == DefaultCode(status))
        {
            problem.Detail ??= NeededPermissions(http);
        }

        // The code is the whole identity of the problem. A URN promises no page behind it, which an https address
        // in a kit that everybody hosts under another domain would (RFC 9457, section 3.1.1).
        problem.Type = $"urn:problem:{code}";
        problem.Title = ReasonPhrases.GetReasonPhrase(status);
        problem.Instance = null;
        problem.Extensions.Remove("traceId");
        problem.Extensions["code"] = code;
        problem.Extensions["trace_id"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        AddStandardHeaders(problem, status, http.Response.Headers);
    }

    /// <summary>The code of a problem that names none: those made by routing, authorization and the server itself.</summary>
    public static string DefaultCode(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "request.malformed",
        StatusCodes.Status401Unauthorized => "credentials.required",
        StatusCodes.Status403Forbidden => "permission.denied",
        StatusCodes.Status404NotFound => "route.not_found",
        StatusCodes.Status405MethodNotAllowed => "method.not_allowed",
        StatusCodes.Status413PayloadTooLarge => "request.too_large",
        StatusCodes.Status415UnsupportedMediaType => "media_type.unsupported",
        StatusCodes.Status429TooManyRequests => "rate_limit.exceeded",
        StatusCodes.Status503ServiceUnavailable => "server.unavailable",
        >= 500 => "server.error",
        _ => "request.refused",
    };

    private static string DefaultCode(int status, ProblemDetails problem, HttpContext http) => problem switch
    {
        HttpValidationProblemDetails => "request.invalid",
        _ when status == StatusCodes.Status404NotFound && http.GetEndpoint() is not null => "resource.not_found",
        _ => DefaultCode(status),
    };

    private static string? NeededPermissions(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).OfType<string>().ToList() is { Count: > 0 } needed
            ? $"This takes the permission {string.Join(" and ", needed)}."
            : null;

    private static void AddStandardHeaders(ProblemDetails problem, int status, IHeaderDictionary headers)
    {
        // RFC 9110, section 15.5.2: a 401 always says which scheme it expects.
        if (status == StatusCodes.Status401Unauthorized && !headers.ContainsKey(HeaderNames.WWWAuthenticate))
        {
            headers.WWWAuthenticate = "Bearer";
        }

        if (problem.Extensions.TryGetValue(Problems.RetryAfterKey, out var seconds) && !headers.ContainsKey(HeaderNames.RetryAfter))
        {
            headers.RetryAfter = Convert.ToString(seconds, CultureInfo.InvariantCulture);
        }

        // What is refused without a count of calls, such as codes while they are locked: until then none is let through.
        if (status == StatusCodes.Status429TooManyRequests && !headers.ContainsKey("RateLimit-Limit"))
        {
            headers["RateLimit-Limit"] = headers["RateLimit-Remaining"] = "0";
            headers["RateLimit-Reset"] = headers.RetryAfter;
        }
    }

    /// <summary><c>FullName</c> becomes <c>full_name</c>, as key and in the sentences of the data annotations.</summary>
    private static Dictionary<string, string[]> InClientSpelling(IDictionary<string, string[]> errors)
    {
        var result = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (path, sentences) in errors)
        {
            var key = string.Join('.', path.Split('.').Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
            var (name, spelled) = (path.Split('.')[^1], key.Split('.')[^1]);
            var said = sentences.Select(sentence => sentence
                .Replace($"The {name} field", $"The {spelled} field", StringComparison.Ordinal)
                .Replace($"The field {name} ", $"The field {spelled} ", StringComparison.Ordinal));
            result[key] = [.. result.GetValueOrDefault(key, []), .. said];
        }

        return result;
    }
}
