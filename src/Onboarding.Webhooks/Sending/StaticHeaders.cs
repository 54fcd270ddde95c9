using System.Buffers;

namespace Onboarding.Webhooks.Sending;

/// <summary>Headers that an organization has sent along to its endpoint, such as <c>Authorization</c>. Values may be secrets.</summary>
public sealed class StaticHeaders
{
    /// <summary>As many as one endpoint may have.</summary>
    public const int MaxCount = 20;

    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 100;

    /// <summary>The longest value, in characters.</summary>
    public const int MaxValueLength = 1_000;

    // A token of RFC 9110, section 5.6.2.
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // What the sender writes itself, what frames the message or steers the connection (RFC 9110, sections 6.6 and 7.6),
    // and what .NET counts among the headers of a body.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Connection", "Expect", "Expires", "Host", "HTTP2-Settings", "Keep-Alive", "Last-Modified", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "User-Agent",
    };

    private static readonly string[] ReservedPrefixes = ["Content-", "Proxy-", "Webhook-"];

    private readonly KeyValuePair<string, string>[] _headers;

    private StaticHeaders(KeyValuePair<string, string>[] headers) => _headers = headers;

    /// <summary>No header.</summary>
    public static StaticHeaders None { get; } = new([]);

    internal ReadOnlySpan<KeyValuePair<string, string>> All => _headers;

    /// <summary>Why these cannot be taken, as a sentence that repeats no value; null when they can.</summary>
    public static string? Refusal(IReadOnlyCollection<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (headers.Count > MaxCount)
        {
            return $"An endpoint has at most {MaxCount} headers.";
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return headers.Select(header => names.Add(header.Key) ? Refusal(header.Key, header.Value) : $"The header '{header.Key}' is there twice.")
            .FirstOrDefault(refusal => refusal is not null);
    }

    /// <summary>The headers, ready to be sent.</summary>
    /// <exception cref="ArgumentException"><see cref="Refusal(IReadOnlyCollection{KeyValuePair{string, string}})"/> has something to say about them.</exception>
    public static StaticHeaders From(IReadOnlyCollection<KeyValuePair<string, string>> headers) =>
        Refusal(headers) is { } refusal ? throw new ArgumentException(refusal, nameof(headers)) : new([.. headers]);

    /// <summary>Their number alone: the values may be secrets.</summary>
    public override string ToString() => $"{_headers.Length} headers";

    // JSON can bring null where none is allowed.
    private static string? Refusal(string name, string? value) => name switch
    {
        "" or { Length: > MaxNameLength } => $"The name of a header has 1 to {MaxNameLength} characters.",
        _ when name.AsSpan().ContainsAnyExcept(Token) => "The name of a header has only letters, digits and !#$%&'*+-.^_`|~.",
        _ when Reserved.Contains(name) || Array.Exists(ReservedPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) =>
            $"The header '{name}' is set by the sender.",
        _ when value is null or { Length: > MaxValueLength } => $"The value of the header '{name}' has at most {MaxValueLength} characters.",
        // Control characters would begin headers of their own (CWE-113); HTTP keeps neither spaces at the ends nor other scripts.
        _ when value.AsSpan().ContainsAnyExceptInRange(' ', '~') || value.Trim(' ').Length != value.Length =>
            $"The value of the header '{name}' has only printable ASCII characters, and no space at its ends.",
        _ => null,
    };
}
