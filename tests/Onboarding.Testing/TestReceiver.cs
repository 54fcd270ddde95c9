using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Onboarding.Testing;

/// <summary>A request that a <see cref="TestReceiver"/> got; headers by lower-case name.</summary>
public sealed record ReceivedWebhook(DateTimeOffset ReceivedAt, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>What it answers by <c>webhook-id</c>.</summary>
    public string Id => Headers["webhook-id"];

    /// <summary>The body as text.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Body);
}

/// <summary>What a <see cref="TestReceiver"/> answers.</summary>
public sealed record WebhookAnswer(int Status = 200, IReadOnlyDictionary<string, string>? Headers = null, byte[]? Body = null, Task? After = null);

/// <summary>A customer's system on loopback: keeps what arrives, and answers as a test says.</summary>
public sealed class TestReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly List<ReceivedWebhook> requests = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestReceiver(WebApplication app) => this.app = app;

    /// <summary>Where it listens.</summary>
    public Uri Url => new(new Uri(app.Urls.First()), "/hook");

    /// <summary>What it answers; 200 unless said.</summary>
    public Func<ReceivedWebhook, WebhookAnswer> Answer { get; set; } = _ => new();

    /// <summary>What has arrived so far, in order.</summary>
    public IReadOnlyList<ReceivedWebhook> Requests
    {
        get
        {
            lock (gate)
            {
                return [.. requests];
            }
        }
    }

    /// <summary>Starts one.</summary>
    public static async Task<TestReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new TestReceiver(builder.Build());
        receiver.app.Run(receiver.ReceiveAsync);
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>Waits until so many requests have arrived; fails after a minute.</summary>
    public Task<IReadOnlyList<ReceivedWebhook>> WaitForAsync(int count, TimeSpan? within = null) => WaitForAsync(all => all.Count >= count, $"{count} requests", within);

    /// <summary>Waits until what has arrived fulfils a condition; fails after a minute.</summary>
    public async Task<IReadOnlyList<ReceivedWebhook>> WaitForAsync(Func<IReadOnlyList<ReceivedWebhook>, bool> condition, string what, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? TimeSpan.FromMinutes(1));
        while (true)
        {
            Task next;
            lock (gate)
            {
                next = changed.Task;
            }

            if (Requests is var now && condition(now))
            {
                return now;
            }

            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The receiver did not get {what}; it got {Requests.Count} requests.");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Without waiting for requests that are still open.
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var received = new ReceivedWebhook(
            TimeProvider.System.GetUtcNow(), context.Request.Path + context.Request.QueryString, context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body.ToArray());
        lock (gate)
        {
            requests.Add(received);
            changed.TrySetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        var answer = Answer(received);
        if (answer.After is { } after)
        {
            await after.WaitAsync(context.RequestAborted);
        }

        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers ?? new Dictionary<string, string>())
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.Body.WriteAsync(answer.Body ?? []);
    }
}
