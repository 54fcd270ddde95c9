using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using Microsoft.Extensions.Options;

namespace Onboarding.Webhooks.Sending;

/// <summary>Signs a webhook and POSTs it, once. One for the whole process: it holds the connections.</summary>
/// <remarks>
/// Signing happens here, at the last moment, so that each attempt carries its own time and signature (HOOK-3). The
/// network's time is not the application's: deadline and duration go by the real clock, timestamps by the clock it is given.
/// </remarks>
public sealed class WebhookSender : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly WebhookOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _http;

    /// <summary>A sender that asks the machine's DNS.</summary>
    public WebhookSender(IOptions<WebhookOptions> options, TimeProvider clock)
        : this((options ?? throw new ArgumentNullException(nameof(options))).Value, clock, VettedConnection.Handler(options.Value))
    {
    }

    internal WebhookSender(WebhookOptions options, TimeProvider clock, SocketsHttpHandler handler) =>
        (_options, _clock, _http) = (options, clock, new HttpMessageInvoker(handler));

    /// <summary>One exchange, over within <see cref="WebhookOptions.Timeout"/> including the answer's body (SEC-42, FAULT-12).</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> asked for it before there was a status; whether the receiver has the message is not known.</exception>
    public async Task<WebhookExchange> SendAsync(OutgoingWebhook webhook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        var started = Stopwatch.GetTimestamp();
        var timestamp = DateTimeOffset.FromUnixTimeSeconds(_clock.GetUtcNow().ToUnixTimeSeconds());
        if (webhook.Url.Scheme != Uri.UriSchemeHttps && !_options.AllowPrivateNetworks)
        {
            return WebhookExchange.Failed(SendError.BlockedAddress, timestamp, TimeSpan.Zero);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Timeout);
        using var request = Request(webhook, timestamp);
        try
        {
            using var response = await _http.SendAsync(request, deadline.Token);
            var (answer, isComplete) = await ReadAsync(response.Content, deadline.Token);
            return WebhookExchange.Answered((int)response.StatusCode, answer, isComplete, RetryAfterOf(response), timestamp, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e) when (ErrorOf(e) is { } error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return WebhookExchange.Failed(error, timestamp, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(OutgoingWebhook webhook, DateTimeOffset timestamp)
    {
        var seconds = timestamp.ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            // HTTP/2 where the receiver offers it in the handshake.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(webhook.Body) { Headers = { ContentType = Json } },
        };

        Add("User-Agent", _options.UserAgent);
        Add("webhook-id", webhook.Id);
        Add("webhook-timestamp", seconds.ToString(CultureInfo.InvariantCulture));
        Add("webhook-signature", WebhookSecret.Sign(webhook.Secrets, webhook.Id, seconds, webhook.Body.Span));
        foreach (var (name, value) in webhook.Headers.All)
        {
            Add(name, value);
        }

        return request;

        void Add(string name, string value)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                throw new UnreachableException($"The header '{name}' belongs to a body; StaticHeaders lets none through.");
            }
        }
    }

    /// <summary>As much of the body as is kept. Who sends it has given the status already, so nothing that happens here is an error.</summary>
    private static async Task<(ReadOnlyMemory<byte> Answer, bool IsComplete)> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        // One byte more shows whether that was all; only then is the connection used again.
        const int Wanted = WebhookExchange.MaxAnswerLength + 1;
        var buffer = ArrayPool<byte>.Shared.Rent(Wanted);
        try
        {
            var (length, read) = (0, -1);
            try
            {
                await using var stream = await content.ReadAsStreamAsync(cancellationToken);
                while (read != 0 && length < Wanted)
                {
                    read = await stream.ReadAsync(buffer.AsMemory(length, Wanted - length), cancellationToken);
                    length += read;
                }
            }
            catch (Exception e) when (ErrorOf(e) is not null)
            {
                // What has come is kept.
                read = -1;
            }

            return (buffer.AsSpan(0, Math.Min(length, WebhookExchange.MaxAnswerLength)).ToArray(), read == 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Retry-After", out var values) && values.Count == 1
            ? RetryAfter.Parse(values.ToString(), _clock.GetUtcNow(), _options.MaxRetryAfter)
            : null;

    /// <summary>What the network did wrong; null for an exception that is a bug.</summary>
    private static SendError? ErrorOf(Exception e) => e switch
    {
        // Ours, or the one of the connection it waited for.
        OperationCanceledException => SendError.Timeout,
        { InnerException: NoConnectionException none } => none.Error,
        { InnerException: AuthenticationException } or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => SendError.Tls,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => SendError.Connect,
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError
            or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.VersionNegotiationError } => SendError.Protocol,
        HttpIOException { HttpRequestError: not HttpRequestError.ResponseEnded } => SendError.Protocol,
        HttpRequestException or IOException => SendError.Disconnected,
        _ => null,
    };
}
