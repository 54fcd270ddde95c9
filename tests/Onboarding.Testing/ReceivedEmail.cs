using System.Text.RegularExpressions;

namespace Onboarding.Testing;

/// <summary>A mail as it reached the test server, once per recipient of its envelope.</summary>
/// <remarks>
/// Headers are decoded, <c>MessageId</c> has no angle brackets, <c>ReceivedAt</c> is a
/// <see cref="System.Diagnostics.Stopwatch"/> timestamp.
/// </remarks>
public sealed partial record ReceivedEmail(string To, string Subject, string Text, string Html, string MessageId, long ReceivedAt)
{
    /// <summary>The first six digits that stand alone in the text.</summary>
    public string Code => SixDigits().Match(Text) is { Success: true } match
        ? match.Value
        : throw new InvalidOperationException($"There is no code in \"{Subject}\":\n{Text}");

    /// <summary>The first address in the text.</summary>
    public Uri Link => Address().Match(Text) is { Success: true } match
        ? new Uri(match.Value)
        : throw new InvalidOperationException($"There is no link in \"{Subject}\":\n{Text}");

    [GeneratedRegex(@"(?<![\w/=&%#.-])\d{6}(?![\w%-])", RegexOptions.CultureInvariant)]
    private static partial Regex SixDigits();

    [GeneratedRegex(@"https?://[^\s<>""]+", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
