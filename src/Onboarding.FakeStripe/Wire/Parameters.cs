using System.Globalization;

namespace Onboarding.FakeStripe.Wire;

/// <summary>The parameters of a request, by their names as sent.</summary>
internal sealed class Parameters(IReadOnlyList<KeyValuePair<string, string>> all)
{
    public string? this[string name]
    {
        get
        {
            foreach (var (key, value) in all)
            {
                if (key == name)
                {
                    return value;
                }
            }

            return null;
        }
    }

    public string Required(string name) => this[name] is { Length: > 0 } value ? value : throw StripeError.Invalid($"Missing required param: {name}.", name, "parameter_missing");

    public bool Has(string name) => this[name] is not null;

    public bool Flag(string name) => this[name] == "true";

    public long? Number(string name) => this[name] is not { Length: > 0 } text
        ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw StripeError.Invalid($"Invalid integer: {name}", name, "parameter_invalid_integer");

    /// <summary>All of <c>name[]</c> and <c>name[n]</c>.</summary>
    public IReadOnlyList<string> Many(string name) => [.. all.Where(one => IsOf(one.Key, name)).Select(one => one.Value)];

    /// <summary>All of <c>name[key]</c>, by key.</summary>
    public IEnumerable<KeyValuePair<string, string>> Map(string name) => all
        .Where(one => one.Key.StartsWith(name + "[", StringComparison.Ordinal) && one.Key.EndsWith(']'))
        .Select(one => KeyValuePair.Create(one.Key[(name.Length + 1)..^1], one.Value));

    private static bool IsOf(string key, string name) => key.StartsWith(name + "[", StringComparison.Ordinal)
        && key.EndsWith(']')
        && key.AsSpan(name.Length + 1, key.Length - name.Length - 2).IndexOfAnyExceptInRange('0', '9') < 0;
}
