namespace Onboarding.Tenancy.Webhooks;

/// <summary>Whether an endpoint receives.</summary>
public enum WebhookEndpointStatus
{
    /// <summary>Gets what it has subscribed to.</summary>
    Active,

    /// <summary>Gets nothing: what waited for it is parked, what happens meanwhile is not kept for it.</summary>
    Disabled,
}

/// <summary>Why an endpoint is disabled.</summary>
public enum WebhookDisabledReason
{
    /// <summary>Somebody of the organization did it.</summary>
    ByHand,

    /// <summary>It answered 410 Gone (HOOK-14).</summary>
    Gone,

    /// <summary>Days of nothing but failures (HOOK-21).</summary>
    Failing,
}

/// <summary>A customer system that hears of events: where, of which, and how its deliveries are signed.</summary>
/// <remarks>
/// Its deliveries form one queue, worked off by one node at a time: <c>platform.work</c> holds one pointer to the
/// endpoint, not one to each delivery, so that however much waits for a dead receiver, nobody else has to step over it.
/// </remarks>
public sealed class WebhookEndpoint
{
    private WebhookEndpoint()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Where its deliveries are posted to.</summary>
    public string Url { get; private set; } = "";

    /// <summary>What it is for, in its organization's words.</summary>
    public string Description { get; private set; } = "";

    /// <summary>What it hears of: types such as <c>member.approved</c>, groups such as <c>member.*</c>, or <c>*</c>.</summary>
    public IReadOnlyList<string> EventTypes { get; private set; } = [];

    /// <summary>Names and values of its own headers, encrypted, because such headers are often credentials; null for none.</summary>
    public byte[]? Headers { get; private set; }

    /// <summary>Requests a second at most; null for no limit.</summary>
    public int? RateLimit { get; private set; }

    /// <summary>Whether a delivery waits until the one before it has been delivered or given up (HOOK-20).</summary>
    public bool Ordered { get; private set; }

    /// <summary>Its secret, and earlier ones in their grace, encrypted (HOOK-5).</summary>
    public byte[] Secrets { get; private set; } = [];

    /// <summary>Whether it receives.</summary>
    public WebhookEndpointStatus Status { get; private set; }

    /// <summary>Why it is disabled.</summary>
    public WebhookDisabledReason? DisabledReason { get; private set; }

    /// <summary>When it was disabled.</summary>
    public DateTimeOffset? DisabledAt { get; private set; }

    /// <summary>How many attempts in a row have failed.</summary>
    public int Failures { get; private set; }

    /// <summary>When the first of those failures was; null while all is well.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>Nothing is sent before this: it asked to be left alone for a while (HOOK-15).</summary>
    public DateTimeOffset? PausedUntil { get; private set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>A new endpoint.</summary>
    public static (WebhookEndpoint Endpoint, EndpointCreated Event) Create(EndpointSettings settings, byte[] secrets, DateTimeOffset now)
    {
        var endpoint = new WebhookEndpoint { Id = Ids.New(now), CreatedAt = now, Secrets = secrets };
        endpoint.Apply(settings);
        return (endpoint, new EndpointCreated(endpoint.Id, settings.Url, now));
    }

    /// <summary>What can be changed of it.</summary>
    public EndpointSettings Settings => new(Url, Description, EventTypes, Headers, RateLimit, Ordered);

    /// <summary>Other settings.</summary>
    public EndpointChanged Change(EndpointSettings settings, DateTimeOffset now)
    {
        // Another receiver starts with a clean slate.
        if (settings.Url != Url)
        {
            (Failures, FailingSince, PausedUntil) = (0, null, null);
        }

        Apply(settings);
        return new(Id, Url, now);
    }

    /// <summary>Another secret; <paramref name="secrets"/> holds the earlier ones too.</summary>
    public EndpointSecretRotated Rotate(byte[] secrets, DateTimeOffset now)
    {
        Secrets = secrets;
        return new(Id, now);
    }

    /// <summary>Stops it; null when it is stopped already.</summary>
    public EndpointDisabled? Disable(WebhookDisabledReason reason, DateTimeOffset now)
    {
        if (Status == WebhookEndpointStatus.Disabled)
        {
            return null;
        }

        (Status, DisabledReason, DisabledAt) = (WebhookEndpointStatus.Disabled, reason, now);
        return new(Id, Url, reason, now);
    }

    /// <summary>Lets it receive again, what was parked first; null when it does already.</summary>
    public EndpointEnabled? Enable(DateTimeOffset now)
    {
        if (Status == WebhookEndpointStatus.Active)
        {
            return null;
        }

        (Status, DisabledReason, DisabledAt) = (WebhookEndpointStatus.Active, null, null);
        (Failures, FailingSince, PausedUntil) = (0, null, null);
        return new(Id, Url, now);
    }

    /// <summary>The event of its deletion; its deliveries go with it.</summary>
    public EndpointDeleted Delete(DateTimeOffset now) => new(Id, Url, now);

    private void Apply(EndpointSettings settings) =>
        (Url, Description, EventTypes, Headers, RateLimit, Ordered) =
        (settings.Url, settings.Description, settings.EventTypes, settings.Headers, settings.RateLimit, settings.Ordered);
}

/// <summary>What an organization settles of an endpoint; see the members of <see cref="WebhookEndpoint"/>.</summary>
public sealed record EndpointSettings(
    string Url, string Description, IReadOnlyList<string> EventTypes, byte[]? Headers, int? RateLimit, bool Ordered);
