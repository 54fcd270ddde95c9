using System.Text.Json;
using System.Text.RegularExpressions;

using Microsoft.AspNetCore.Mvc;

namespace Onboarding.Api.Http;

/// <summary>Says what is wrong with a body without naming a .NET type or repeating what the client sent.</summary>
internal static partial class MalformedJson
{
    /// <summary>400 <c>request.invalid</c> when fields are missing, else 400 <c>request.malformed</c>.</summary>
    public static ProblemDetails Explain(JsonException exception)
    {
        // The serializer offers the names of the missing members in its message only. Should the wording change,
        // the answer is still a 400, just less helpful.
        if (MissingMembers().Match(exception.Message) is { Success: true } match)
        {
            var parent = exception.Path is { Length: > 2 } path ? path[2..] + "." : "";
            return new HttpValidationProblemDetails(match.Groups["name"].Captures.ToDictionary(
                name => parent + name.Value,
                name => new[] { $"The {name.Value} field is required." }))
            {
                Status = StatusCodes.Status400BadRequest,
            };
        }

        return new ProblemDetails
        {
            Status = StatusCodes.Status400BadRequest,
            Detail = exception.Path is { Length: > 1 } at && PlainPath().IsMatch(at)
                ? $"The value at {at} is unknown, repeated or not of the expected type."
                : "The body is not the JSON that this operation expects.",
        };
    }

    [GeneratedRegex("missing required properties including: ('(?<name>[a-z0-9_]+)'[;, ]*)+")]
    private static partial Regex MissingMembers();

    // A path can hold names that the client made up; only tame ones are repeated.
    [GeneratedRegex(@"^\$[a-z0-9_.\[\]]{1,100}$")]
    private static partial Regex PlainPath();
}
