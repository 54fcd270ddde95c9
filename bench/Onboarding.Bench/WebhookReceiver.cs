using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Onboarding.Bench;

/// <summary>A receiver that does nothing but note when each message came first.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private const string Hang = "/hang";

    private readonly WebApplication app;
    private int count;

    private WebhookReceiver(WebApplication app) => this.app = app;

    public Uri Url => new(new Uri(app.Urls.First()), "/hook");

    /// <summary>Where nobody ever gets an answer.</summary>
    public Uri Hanging => new(new Uri(app.Urls.First()), Hang);

    public ConcurrentDictionary<string, long> ReceivedAt { get; } = new(StringComparer.Ordinal);

    public int Count => Volatile.Read(ref count);

    public static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new WebhookReceiver(builder.Build());
        receiver.app.Run(context =>
        {
            if (context.Request.Path == Hang)
            {
                return Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            if (receiver.ReceivedAt.TryAdd(context.Request.Headers["webhook-id"].ToString(), Stopwatch.GetTimestamp()))
            {
                Interlocked.Increment(ref receiver.count);
            }

            return Task.CompletedTask;
        });
        await receiver.app.StartAsync();
        return receiver;
    }

    public void Clear()
    {
        ReceivedAt.Clear();
        Volatile.Write(ref count, 0);
    }

    /// <summary>Waits for so many different messages; returns at the end of its patience too.</summary>
    public async Task WaitForAsync(int messages, TimeSpan patience)
    {
        var started = Stopwatch.GetTimestamp();
        while (Count < messages && Stopwatch.GetElapsedTime(started) < patience)
        {
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
