using System.Collections.Concurrent;
using System.Text;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Onboarding.Api.Development;

/// <summary>What a webhook endpoint received.</summary>
internal sealed record SinkRequest(DateTimeOffset ReceivedAt, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>Receivers to point webhook endpoints at; keeps the newest 200 requests of each.</summary>
internal sealed class WebhookSink(TimeProvider clock)
{
    private const int Capacity = 200;
    private const int MaxSinks = 100;
    private readonly ConcurrentDictionary<string, LinkedList<SinkRequest>> sinks = new(StringComparer.Ordinal);

    /// <summary>False when there are too many names already.</summary>
    public bool Add(string name, IReadOnlyDictionary<string, string> headers, string body)
    {
        if (!sinks.ContainsKey(name) && sinks.Count >= MaxSinks)
        {
            return false;
        }

        var received = sinks.GetOrAdd(name, _ => new());
        lock (received)
        {
            received.AddFirst(new SinkRequest(clock.GetUtcNow(), headers, body));
            while (received.Count > Capacity)
            {
                received.RemoveLast();
            }
        }

        return true;
    }

    public IReadOnlyList<SinkRequest> Newest(string name)
    {
        if (!sinks.TryGetValue(name, out var received))
        {
            return [];
        }

        lock (received)
        {
            return [.. received];
        }
    }
}

internal static class WebhookSinkEndpoints
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    /// <summary>For Development only.</summary>
    public static void MapWebhookSink(this IEndpointRouteBuilder routes)
    {
        var sink = routes.MapGroup("/dev/webhook-sink").AllowAnonymous().ExcludeFromDescription().ExcludeFromMultiTenantResolution();
        sink.MapPost("/{name}", ReceiveAsync);
        sink.MapGet("/{name}.json", (string name, WebhookSink webhooks) => TypedResults.Ok(webhooks.Newest(name)));
    }

    private static async Task<StatusCodeHttpResult> ReceiveAsync(
        string name, HttpRequest request, WebhookSink webhooks, CancellationToken cancellationToken, int status = 200, int delay_ms = 0)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(cancellationToken);
        var headers = request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString(), StringComparer.Ordinal);
        if (!webhooks.Add(name, headers, body))
        {
            return TypedResults.StatusCode(StatusCodes.Status507InsufficientStorage);
        }

        await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(delay_ms, 0, MaxDelay.TotalMilliseconds)), cancellationToken);
        return TypedResults.StatusCode(status is >= 200 and <= 599 ? status : StatusCodes.Status200OK);
    }
}
