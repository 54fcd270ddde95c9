namespace Onboarding.Tenancy.Webhooks;

/// <summary>One request to an endpoint and what came of it. The table is partitioned by month; written by the sender only.</summary>
public sealed class WebhookAttempt
{
    private WebhookAttempt()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>What was delivered, or was not.</summary>
    public Guid DeliveryId { get; private init; }

    /// <summary>To whom.</summary>
    public Guid EndpointId { get; private init; }

    /// <summary>1 for the first.</summary>
    public int Number { get; private init; }

    /// <summary>When the request began.</summary>
    public DateTimeOffset StartedAt { get; private init; }

    /// <summary>How long the whole exchange took.</summary>
    public int DurationMs { get; private init; }

    /// <summary>Status code of the answer; null when there was none.</summary>
    public int? StatusCode { get; private init; }

    /// <summary>What it failed of; null for a success.</summary>
    public string? Error { get; private init; }

    /// <summary>The first 20 kB of the answer (HOOK-25).</summary>
    public byte[] Response { get; private init; } = [];
}
