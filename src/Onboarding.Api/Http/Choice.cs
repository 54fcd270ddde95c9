using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Onboarding.Api.Http;

/// <summary>An enum in the query, spelled as in JSON (<c>?status=pending_approval</c>).</summary>
/// <remarks>The framework binds enums by their C# names and by number, so a parameter takes <c>Choice&lt;T&gt;?</c>.</remarks>
public readonly record struct Choice<TEnum>(TEnum Value)
    where TEnum : struct, Enum
{
    private static readonly Dictionary<string, TEnum> Values = Enum.GetValues<TEnum>()
        .ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()), StringComparer.Ordinal);

    [SuppressMessage("Design", "CA1000", Justification = "Model binding looks for this very method.")]
    public static bool TryParse(string? text, out Choice<TEnum> choice)
    {
        var known = Values.TryGetValue(text ?? "", out var value);
        choice = new(value);
        return known;
    }
}
