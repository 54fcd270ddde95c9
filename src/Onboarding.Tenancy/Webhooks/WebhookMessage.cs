namespace Onboarding.Tenancy.Webhooks;

/// <summary>An event as customers see it: made once, delivered to every endpoint that hears of its type.</summary>
public sealed class WebhookMessage
{
    private WebhookMessage()
    {
    }

    /// <summary>The id of the event it tells, so that an event handled twice makes one message; sent as <c>webhook-id</c>.</summary>
    public Guid Id { get; private init; }

    /// <summary>Type of the event, such as <c>member.approved</c>.</summary>
    public string Type { get; private init; } = "";

    /// <summary>When the event happened.</summary>
    public DateTimeOffset OccurredAt { get; private init; }

    /// <summary>The JSON that is signed and sent, byte for byte; less than 20 kB.</summary>
    public byte[] Body { get; private init; } = [];

    /// <summary>Makes one.</summary>
    public static WebhookMessage Of(Guid id, string type, DateTimeOffset occurredAt, byte[] body) =>
        new() { Id = id, Type = type, OccurredAt = occurredAt, Body = body };
}
