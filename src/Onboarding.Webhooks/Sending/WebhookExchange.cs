using System.Text;

namespace Onboarding.Webhooks.Sending;

/// <summary>What is to be sent, once.</summary>
/// <param name="Url">Where to; passed <see cref="Endpoints.EndpointUrl"/> when it was set.</param>
/// <param name="Id">The message's, the same on every attempt; see <see cref="WebhookSecret.Sign(string, long, ReadOnlySpan{byte})"/>.</param>
/// <param name="Body">JSON; signed and sent as it stands.</param>
/// <param name="Secrets">Those that sign it: the endpoint's own, and after a rotation the old ones for a while.</param>
/// <param name="Headers">The endpoint's own.</param>
public sealed record OutgoingWebhook(Uri Url, string Id, ReadOnlyMemory<byte> Body, IReadOnlyCollection<WebhookSecret> Secrets, StaticHeaders Headers);

/// <summary>Why there is no answer.</summary>
public enum SendError
{
    /// <summary>The name cannot be resolved.</summary>
    Dns,

    /// <summary>The name, or the address, leads to something that is not of the public internet; nothing was connected to (HOOK-16).</summary>
    BlockedAddress,

    /// <summary>None of the addresses takes a connection.</summary>
    Connect,

    /// <summary>The handshake failed, or the certificate is not that of the host.</summary>
    Tls,

    /// <summary>The time for the whole exchange was over before there was a status.</summary>
    Timeout,

    /// <summary>The connection broke before there was a status.</summary>
    Disconnected,

    /// <summary>What came back is not HTTP, or has more headers than are taken.</summary>
    Protocol,
}

/// <summary>How one POST ended: a status or an error, never both and never neither.</summary>
/// <remarks>
/// The status counts, whatever becomes of the body behind it: who has answered 200 has the message, and sending it again
/// because the rest drips or has no end would only deliver it twice.
/// </remarks>
public sealed class WebhookExchange
{
    /// <summary>So many bytes of the answer are kept (HOOK-25).</summary>
    public const int MaxAnswerLength = 20_000;

    private WebhookExchange()
    {
    }

    /// <summary>The HTTP status; null when there is an <see cref="Error"/>.</summary>
    public int? Status { get; private init; }

    /// <summary>Why there is no status; null when there is one.</summary>
    public SendError? Error { get; private init; }

    /// <summary>Whether the receiver has taken the message: any 2xx, and nothing else.</summary>
    public bool Succeeded => Status is >= 200 and < 300;

    /// <summary>What was signed as the time of this attempt; whole seconds.</summary>
    public DateTimeOffset Timestamp { get; private init; }

    /// <summary>From the beginning until the last byte that was read.</summary>
    public TimeSpan Duration { get; private init; }

    /// <summary>The beginning of the answer's body.</summary>
    public ReadOnlyMemory<byte> Answer { get; private init; }

    /// <summary>Whether the body ends there; false when it is longer, broke off or took too long.</summary>
    public bool IsAnswerComplete { get; private init; }

    /// <summary>How long the receiver asks to be left alone, capped by <see cref="WebhookOptions.MaxRetryAfter"/>; null when it does not.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The answer as text that PostgreSQL can keep: it takes no NUL.</summary>
    public string AnswerText => Encoding.UTF8.GetString(Answer.Span).Replace('\0', '\uFFFD');

    internal static WebhookExchange Answered(
        int status, ReadOnlyMemory<byte> answer, bool isComplete, TimeSpan? retryAfter, DateTimeOffset timestamp, TimeSpan duration) => new()
    {
        Status = status,
        Answer = answer,
        IsAnswerComplete = isComplete,
        RetryAfter = retryAfter,
        Timestamp = timestamp,
        Duration = duration,
    };

    internal static WebhookExchange Failed(SendError error, DateTimeOffset timestamp, TimeSpan duration) => new()
    {
        Error = error,
        Timestamp = timestamp,
        Duration = duration,
    };
}
