using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Onboarding.FakeStripe.Api;
using Onboarding.FakeStripe.Callbacks;
using Onboarding.FakeStripe.Objects;
using Onboarding.FakeStripe.Pages;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe;

/// <summary>A Stripe of one's own: the API that is used here, with state, callbacks, and pages to play the customer. No money moves.</summary>
public sealed partial class FakeStripe : IAsyncDisposable
{
    private readonly FakeStripeOptions options;
    private readonly FakeWorld world;
    private readonly Cast cast;
    private readonly ContractGate contract = new();
    private readonly Troubles troubles = new();
    private readonly Deliverer deliverer;
    private readonly ApiEndpoint api;
    private readonly PageEndpoint pages;
    private WebApplication? app;
    private bool isDisposed;

    private FakeStripe(FakeStripeOptions options)
    {
        this.options = options;
        world = new(options);
        cast = new(world);
        deliverer = new(world, options);
        var changes = new SubscriptionRoutes(world, cast.Subscriptions);
        api = new(world, new(world, cast.Subscriptions, cast.Customers, cast.Checkouts, changes), contract, troubles, options.ApiKey);
        pages = new(cast, deliverer);
        world.Changed = deliverer.Wake;
        world.Check = contract.Event;
    }

    /// <summary>Where it listens, without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Where a request, an answer or an event was not what Stripe's types say; a test ends with none.</summary>
    public IReadOnlyList<string> Violations => contract.Violations;

    /// <summary>All requests to the API, in order.</summary>
    public IReadOnlyList<FakeRequest> Requests => api.Requests;

    /// <summary>All events, oldest first.</summary>
    public IReadOnlyList<FakeEvent> Events => world.Read(() => world.State.Events.Select(one => new FakeEvent(one.Id, one.Type, one.Text)).ToList());

    /// <summary>Who sends the callbacks.</summary>
    public DeliveryMode DeliveryMode
    {
        get => world.Read(() => world.State.IsHeld) ? DeliveryMode.Held : DeliveryMode.Automatic;
        set => world.Do(() => world.State.IsHeld = value == DeliveryMode.Held);
    }

    /// <summary>Runs before each request to the API is looked at.</summary>
    public Func<FakeRequest, Task>? Before
    {
        get => troubles.Before;
        set => troubles.Before = value;
    }

    /// <summary>Runs when the answer stands and is not sent yet: delays carry old state; an <see cref="IOException"/> loses the answer.</summary>
    public Func<FakeRequest, Task>? After
    {
        get => troubles.After;
        set => troubles.After = value;
    }

    /// <summary>Starts one.</summary>
    public static async Task<FakeStripe> StartAsync(FakeStripeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var fake = new FakeStripe(options);
        await fake.ListenAsync();
        fake.Stock();
        fake.deliverer.Start();
        return fake;
    }

    /// <summary>The next requests fail with the status, before anything is done or remembered.</summary>
    public void FailNext(int count, int status, Func<FakeRequest, bool>? only = null) => troubles.Order(count, status, only);

    /// <summary>A callback's body and header, as they would be sent.</summary>
    public (byte[] Body, string Signature) Sign(FakeEvent e, DateTimeOffset? at = null, string? secret = null)
    {
        ArgumentNullException.ThrowIfNull(e);
        return (Encoding.UTF8.GetBytes(e.Json), Signature.Of(e.Json, secret is null ? options.WebhookSecrets : [secret], at ?? options.Clock.GetUtcNow()));
    }

    /// <summary>Posts a callback once, now.</summary>
    public Task<HttpResponseMessage> DeliverAsync(FakeEvent e, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(e);
        return deliverer.SendAsync(e.Json, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await deliverer.DisposeAsync();
        if (app is not null)
        {
            await app.DisposeAsync();
        }
    }

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            var port = options.ListenOn.Port;
            if (IPAddress.TryParse(options.ListenOn.Host, out var address))
            {
                kestrel.Listen(address, port);
            }
            else if (options.ListenOn.Host == "localhost" && port != 0)
            {
                kestrel.ListenLocalhost(port);
            }
            else
            {
                kestrel.ListenAnyIP(port);
            }
        });
        builder.Services.AddRoutingCore();
        app = builder.Build();
        app.Map("/v1/{**path}", api.InvokeAsync);
        pages.Map(app);
        await app.StartAsync();
        var listening = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = listening.Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).TrimEnd('/');
        world.Address = options.PublicAddress?.AbsoluteUri.TrimEnd('/') ?? Address;
    }

    // What is sold follows the options at each start; subscriptions keep the price that they were made with.
    private void Stock() => world.Do(() =>
    {
        foreach (var price in options.Prices)
        {
            var created = world.State.Find(price.Id)?["created"] is { } known ? (long)known : world.Now;
            Put(PriceObject.Product(price, created, options.Livemode));
            Put(PriceObject.New(price, created, options.Livemode));
        }

        cast.Passage.Pass(TimeSpan.Zero);
    });

    private void Put(System.Text.Json.Nodes.JsonObject thing)
    {
        if (world.State.Find((string)thing["id"]!) is null)
        {
            world.State.Add(thing);
        }
        else
        {
            world.State.Replace(thing);
        }
    }
}
