namespace Onboarding.Billing.Callbacks;

/// <summary>What became of a callback.</summary>
public enum CallbackState
{
    /// <summary>Its customer's state is to be fetched.</summary>
    Received,

    /// <summary>Its customer's state has been fetched since.</summary>
    Applied,

    /// <summary>Nobody here is that customer (yet).</summary>
    Unmatched,

    /// <summary>It names one organization, and a customer who belongs to another: nothing is done.</summary>
    Quarantined,

    /// <summary>It is about no customer, or about the other of live and test.</summary>
    Ignored,
}

/// <summary>A callback as it arrived: once each, however often it was sent.</summary>
public sealed class Callback
{
    private Callback()
    {
    }

    /// <summary>The provider's name.</summary>
    public string Provider { get; private init; } = "";

    /// <summary>The provider's id of the event.</summary>
    public string EventId { get; private init; } = "";

    /// <summary>Type, in the provider's words.</summary>
    public string Type { get; private init; } = "";

    /// <summary>The provider's id of the customer whom it is about; null for none.</summary>
    public string? CustomerExternalId { get; private init; }

    /// <summary>The customer, where it is one of ours.</summary>
    public Guid? CustomerId { get; private init; }

    /// <summary>The exact text.</summary>
    public string Body { get; private init; } = "";

    /// <summary>SHA-256 of the text.</summary>
    public byte[] Sha256 { get; private init; } = [];

    /// <summary>Version of the API that it was written for.</summary>
    public string? ApiVersion { get; private init; }

    /// <summary>Whether it is about real money.</summary>
    public bool Livemode { get; private init; }

    /// <summary>What became of it.</summary>
    public CallbackState State { get; private init; }

    /// <summary>When the provider made it.</summary>
    public DateTimeOffset? OccurredAt { get; private init; }

    /// <summary>When it first arrived.</summary>
    public DateTimeOffset ReceivedAt { get; private init; }

    /// <summary>How often it arrived.</summary>
    public int Deliveries { get; private init; }

    /// <summary>How often it arrived with another text under the same id: the first is kept (BILL-7).</summary>
    public int Anomalies { get; private init; }
}
