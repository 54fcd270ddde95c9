namespace Onboarding.Tenancy.Webhooks;

/// <summary>What has become of a delivery.</summary>
public enum WebhookDeliveryStatus
{
    /// <summary>Waits for its first or next attempt; parked while its endpoint is disabled.</summary>
    Pending,

    /// <summary>Was answered with success.</summary>
    Delivered,

    /// <summary>Every attempt failed: a dead letter, until somebody sends it again (HOOK-12).</summary>
    Failed,

    /// <summary>Somebody decided that it need not arrive.</summary>
    Skipped,
}

/// <summary>One message on its way to one endpoint.</summary>
public sealed class WebhookDelivery
{
    private WebhookDelivery()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>What is delivered.</summary>
    public Guid MessageId { get; private init; }

    /// <summary>To whom.</summary>
    public Guid EndpointId { get; private init; }

    /// <summary>What has become of it.</summary>
    public WebhookDeliveryStatus Status { get; private set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; private set; }

    /// <summary>How often it was tried since it was last sent on its way: the place in the schedule of retries.</summary>
    public int Tries { get; private set; }

    /// <summary>When it is tried next; null once it is finished.</summary>
    public DateTimeOffset? NextAttemptAt { get; private set; }

    /// <summary>Status code of the last answer; null when there was none.</summary>
    public int? LastStatusCode { get; private set; }

    /// <summary>What the last attempt failed of; null after a success.</summary>
    public string? LastError { get; private set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it was delivered, given up or skipped.</summary>
    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>A new one, due at once.</summary>
    public static WebhookDelivery Of(Guid messageId, Guid endpointId, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        MessageId = messageId,
        EndpointId = endpointId,
        NextAttemptAt = now,
        CreatedAt = now,
    };

    /// <summary>Sends it on its way again, from the start of the schedule, whatever became of it before.</summary>
    public DeliveryResent Resend(DateTimeOffset now)
    {
        (Status, Tries, NextAttemptAt, FinishedAt) = (WebhookDeliveryStatus.Pending, 0, now, null);
        return new(EndpointId, Id, now);
    }

    /// <summary>Decides that it need not arrive; null when it has finished.</summary>
    public DeliverySkipped? Skip(DateTimeOffset now)
    {
        if (Status != WebhookDeliveryStatus.Pending)
        {
            return null;
        }

        (Status, NextAttemptAt, FinishedAt) = (WebhookDeliveryStatus.Skipped, null, now);
        return new(EndpointId, Id, now);
    }
}
