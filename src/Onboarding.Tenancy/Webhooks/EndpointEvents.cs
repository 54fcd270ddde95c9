using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Webhooks;

/// <summary>A domain event about one webhook endpoint. The endpoint itself never hears of it: a failure to tell it would be the next event.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record EndpointEvent(Guid EndpointId, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => EndpointId;
}

/// <summary>An endpoint was added.</summary>
public sealed record EndpointCreated(Guid EndpointId, string Url, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.created";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An endpoint's settings were changed.</summary>
public sealed record EndpointChanged(Guid EndpointId, string Url, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.changed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An endpoint and its deliveries were deleted.</summary>
public sealed record EndpointDeleted(Guid EndpointId, string Url, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.deleted";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An endpoint got another secret (SEC-40).</summary>
public sealed record EndpointSecretRotated(Guid EndpointId, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.secret_rotated";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An endpoint was stopped, by somebody or because of what it answered. A mail follows unless somebody did it.</summary>
public sealed record EndpointDisabled(Guid EndpointId, string Url, WebhookDisabledReason Reason, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.disabled";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A disabled endpoint receives again.</summary>
public sealed record EndpointEnabled(Guid EndpointId, string Url, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.enabled";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>An endpoint that had failed again and again has taken a delivery.</summary>
public sealed record EndpointRecovered(Guid EndpointId, string Url, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.recovered";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody asked for everything that an endpoint has missed since a time to be sent again (HOOK-22).</summary>
public sealed record EndpointRecoveryStarted(Guid EndpointId, DateTimeOffset Since, int Deliveries, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "endpoint.recovery_started";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody asked for an example to be sent to an endpoint.</summary>
public sealed record EndpointTested(Guid EndpointId, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    /// <summary>Its type.</summary>
    public const string Name = "endpoint.tested";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Every attempt to deliver a message failed: it is a dead letter now (HOOK-12).</summary>
public sealed record DeliveryExhausted(Guid EndpointId, Guid DeliveryId, Guid MessageId, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "delivery.exhausted";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody sent a message on its way again.</summary>
public sealed record DeliveryResent(Guid EndpointId, Guid DeliveryId, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "delivery.resent";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Somebody decided that a message need not arrive.</summary>
public sealed record DeliverySkipped(Guid EndpointId, Guid DeliveryId, DateTimeOffset OccurredAt) : EndpointEvent(EndpointId, OccurredAt)
{
    internal const string Name = "delivery.skipped";

    /// <inheritdoc/>
    public override string Type => Name;
}
