using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using Onboarding.FakeStripe.State;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Callbacks;

/// <summary>Sends callbacks as they come, several at once and so in no certain order, and again until they are taken.</summary>
internal sealed class Deliverer(FakeWorld world, FakeStripeOptions options) : IAsyncDisposable
{
    private const int MostAtOnce = 8;

    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1),
    ];

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<Delivery> underWay = [];
    private Task running = Task.CompletedTask;

    public void Start() => running = options.WebhookUrl is null ? Task.CompletedTask : RunAsync(stopping.Token);

    public void Wake() => changes.Writer.TryWrite(true);

    /// <summary>Sends what waits, held or not, once.</summary>
    public async Task SendWaitingAsync()
    {
        foreach (var delivery in world.Read(() => world.State.Deliveries.Where(one => !one.IsDone).ToList()))
        {
            await TryAsync(delivery, CancellationToken.None);
        }
    }

    public async Task<HttpResponseMessage> SendAsync(string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.WebhookUrl ?? throw new InvalidOperationException("No address for callbacks is set."));
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.TryAddWithoutValidation("Stripe-Signature", Signature.Of(body, options.WebhookSecrets, options.Clock.GetUtcNow()));
        return await http.SendAsync(request, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
        http.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var due = world.Read(Due);
                foreach (var delivery in due)
                {
                    _ = LaunchAsync(delivery, cancellationToken);
                }

                if (due.Count == 0)
                {
                    await WaitAsync(cancellationToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // What is not sent waits in the state.
        }
    }

    private List<Delivery> Due()
    {
        var now = TimeProvider.System.GetUtcNow();
        List<Delivery> due = [.. Waiting().Where(one => one.NextAt <= now).Take(MostAtOnce - underWay.Count)];
        underWay.UnionWith(due);
        return due;
    }

    private IEnumerable<Delivery> Waiting() => world.State.IsHeld || underWay.Count >= MostAtOnce ? [] : world.State.Deliveries.Where(one => !one.IsDone && !underWay.Contains(one));

    // One that is slow holds up none of the others.
    private async Task LaunchAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            await TryAsync(delivery, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Stopped: it is sent after the next start.
        }
        finally
        {
            world.Read(() => underWay.Remove(delivery));
            Wake();
        }
    }

    // Retries go by the real clock: the other side's patience is real, whatever time the objects have.
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var next = world.Read(() => Waiting().Min(one => (DateTimeOffset?)one.NextAt));
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (next is { } at)
        {
            var wait = at - TimeProvider.System.GetUtcNow();
            until.CancelAfter(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1));
        }

        try
        {
            await changes.Reader.ReadAsync(until.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Something is due.
        }
    }

    private async Task TryAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var body = world.Read(() => world.State.Events.Find(one => one.Id == delivery.EventId)?.Text);
        var (answer, isTaken) = body is null ? ("gone", true) : await PostAsync(body, cancellationToken);
        world.Do(() =>
        {
            delivery.Answer = answer;
            delivery.IsDone = isTaken;
            delivery.NextAt = TimeProvider.System.GetUtcNow() + Delays[Math.Min(delivery.Attempts, Delays.Length - 1)];
            delivery.Attempts++;
        });
    }

    private async Task<(string Answer, bool IsTaken)> PostAsync(string body, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(body, cancellationToken);
            return ($"{(int)response.StatusCode}", response.IsSuccessStatusCode);
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (exception is HttpRequestException ? "not reached" : "no answer in time", false);
        }
    }
}
