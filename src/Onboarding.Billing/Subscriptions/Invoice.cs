namespace Onboarding.Billing.Subscriptions;

/// <summary>An invoice as it was when it was last fetched.</summary>
public sealed class Invoice
{
    private Invoice()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid CustomerId { get; private init; }

    /// <summary>The provider's id of it.</summary>
    public string ExternalId { get; private init; } = "";

    /// <summary>The provider's id of the subscription; null for a single sale.</summary>
    public string? SubscriptionExternalId { get; private set; }

    /// <summary>As it is printed; null while it is a draft.</summary>
    public string? Number { get; private set; }

    /// <inheritdoc cref="InvoiceSnapshot.Status"/>
    public string Status { get; private set; } = "";

    /// <summary>In the smallest unit of <see cref="Currency"/>.</summary>
    public long AmountDue { get; private set; }

    /// <summary>In the smallest unit of <see cref="Currency"/>.</summary>
    public long AmountPaid { get; private set; }

    /// <summary>ISO 4217, lower case.</summary>
    public string Currency { get; private set; } = "";

    /// <summary>How often payment was tried.</summary>
    public long Attempts { get; private set; }

    /// <summary>When the provider made it.</summary>
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>When it became due.</summary>
    public DateTimeOffset? FinalizedAt { get; private set; }

    /// <summary>When it was paid.</summary>
    public DateTimeOffset? PaidAt { get; private set; }

    /// <summary>The provider's page of it.</summary>
    public string? HostedUrl { get; private set; }

    /// <summary>The provider's PDF of it.</summary>
    public string? PdfUrl { get; private set; }

    /// <summary>Whether it is owed after payment was tried.</summary>
    public bool HasFailed => Status == Open && Attempts > 0;

    private const string Open = "open";
    private const string Paid = "paid";

    /// <summary>A new one, yet to be told how it is.</summary>
    public static Invoice Of(Guid customerId, InvoiceSnapshot snapshot, DateTimeOffset now) => new() { Id = Tenancy.Ids.New(now), CustomerId = customerId, ExternalId = snapshot.ExternalId };

    /// <summary>Takes over how it is, and says what became of it.</summary>
    public InvoiceChange Update(InvoiceSnapshot snapshot)
    {
        var (status, attempts) = (Status, Attempts);
        (SubscriptionExternalId, Number, Status) = (snapshot.SubscriptionExternalId, snapshot.Number, snapshot.Status);
        (AmountDue, AmountPaid, Currency, Attempts) = (snapshot.AmountDue, snapshot.AmountPaid, snapshot.Currency, snapshot.Attempts);
        (CreatedAt, FinalizedAt, PaidAt, HostedUrl, PdfUrl) = (snapshot.CreatedAt, snapshot.FinalizedAt, snapshot.PaidAt, snapshot.HostedUrl, snapshot.PdfUrl);
        return Status == Paid && status != Paid ? InvoiceChange.Paid
            : HasFailed && Attempts > attempts ? InvoiceChange.PaymentFailed
            : InvoiceChange.None;
    }
}

/// <summary>What became of an invoice.</summary>
public enum InvoiceChange
{
    /// <summary>Nothing that anybody hears of.</summary>
    None,

    /// <summary>It was paid.</summary>
    Paid,

    /// <summary>A payment failed.</summary>
    PaymentFailed,
}
