using System.Text.Json;
using System.Text.RegularExpressions;

namespace Onboarding.Api.Http;

/// <summary>Turns the framework's binding failure into a sentence that names the parameter but no .NET type.</summary>
internal static partial class UnreadableParameter
{
    public static string? Explain(BadHttpRequestException exception)
    {
        if (exception.StatusCode != StatusCodes.Status400BadRequest)
        {
            return null;
        }

        if (Unparsable().Match(exception.Message) is { Success: true } unparsable)
        {
            return $"The value of the parameter {Spelled(unparsable)} is not of its type.";
        }

        if (Missing().Match(exception.Message) is not { Success: true } missing)
        {
            return "The request cannot be read.";
        }

        return missing.Groups["source"].Value.Contains("body", StringComparison.Ordinal)
            ? "The request needs a JSON body."
            : $"The parameter {Spelled(missing)} is missing.";
    }

    private static string Spelled(Match match) => JsonNamingPolicy.SnakeCaseLower.ConvertName(match.Groups["name"].Value);

    [GeneratedRegex("""^Failed to bind parameter ".* (?<name>\w+)" from """)]
    private static partial Regex Unparsable();

    [GeneratedRegex("""^(Required parameter ".* (?<name>\w+)" was not provided from (?<source>.*)\.|Implicit (?<source>body) inferred .*)$""")]
    private static partial Regex Missing();
}
