using System.Text.Json;

namespace Onboarding.Tenancy.Outbox;

/// <summary>A domain event, stored in the tenant's schema by the transaction that made it happen.</summary>
public sealed class OutboxEvent
{
    // jsonb keeps members in an order of its own, so the discriminator may come anywhere.
    private static readonly JsonSerializerOptions Json = new() { AllowOutOfOrderMetadataProperties = true };

    private OutboxEvent()
    {
    }

    /// <summary>UUIDv7; also the <c>ref_id</c> of its pointer in <c>platform.work</c>.</summary>
    public Guid Id { get; private init; }

    /// <summary>Type, such as <c>member.approved</c>.</summary>
    public string Type { get; private init; } = "";

    /// <summary>The event as JSON, with its type as discriminator.</summary>
    public string Payload { get; private init; } = "";

    /// <summary>When it happened.</summary>
    public DateTimeOffset OccurredAt { get; private init; }

    /// <summary>When every consumer had done its part; null until then.</summary>
    public DateTimeOffset? HandledAt { get; private set; }

    /// <summary>Stores <paramref name="domainEvent"/>.</summary>
    public static OutboxEvent Of(DomainEvent domainEvent) => new()
    {
        Id = Ids.New(domainEvent.OccurredAt),
        Type = domainEvent.Type,
        Payload = JsonSerializer.Serialize(domainEvent, Json),
        OccurredAt = domainEvent.OccurredAt,
    };

    /// <summary>The event again.</summary>
    public DomainEvent Read() => Read(Payload);

    /// <summary>The event of a payload that was read by other means.</summary>
    public static DomainEvent Read(string payload) => JsonSerializer.Deserialize<DomainEvent>(payload, Json)
        ?? throw new InvalidOperationException("The outbox event has no payload.");

    /// <summary>Every consumer has done its part.</summary>
    public void MarkHandled(DateTimeOffset now) => HandledAt = now;
}
