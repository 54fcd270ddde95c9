namespace Onboarding.Billing.Subscriptions;

/// <summary>
/// A way to the provider's checkout that was given to an organization. Its id is the idempotency key, so that a crash
/// after the provider has made the session finds the same one again; one at a time is open, so that nobody pays twice (BILL-21).
/// </summary>
public sealed class Checkout
{
    private Checkout()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>By whom it will be paid.</summary>
    public Guid CustomerId { get; private init; }

    /// <summary>What is bought.</summary>
    public string LookupKey { get; private init; } = "";

    /// <summary>Seats.</summary>
    public long Quantity { get; private init; }

    /// <summary>Days of trial; 0 without one.</summary>
    public int TrialDays { get; private init; }

    /// <summary>The provider's id of the session; null until it has made it.</summary>
    public string? ExternalId { get; private set; }

    /// <summary>Where to pay.</summary>
    public string? Url { get; private set; }

    /// <summary>Until when.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When another one took its place, or there was a subscription after all; null until then, paid or not.</summary>
    public DateTimeOffset? ClosedAt { get; private set; }

    /// <summary>A new one.</summary>
    public static Checkout Begin(Customer customer, string lookupKey, long quantity, int trialDays, DateTimeOffset now) => new()
    {
        Id = Tenancy.Ids.New(now),
        OrganizationId = customer.OrganizationId,
        CustomerId = customer.Id,
        LookupKey = lookupKey,
        Quantity = quantity,
        TrialDays = trialDays,
        CreatedAt = now,
    };

    /// <summary>Whether it still leads to the same purchase.</summary>
    public bool IsFor(Checkout wanted, DateTimeOffset now) =>
        (CustomerId, LookupKey, Quantity, TrialDays) == (wanted.CustomerId, wanted.LookupKey, wanted.Quantity, wanted.TrialDays) && !(ExpiresAt <= now.AddMinutes(5));

    /// <summary>The provider has made the session.</summary>
    public void Open(CheckoutSession session) => (ExternalId, Url, ExpiresAt) = (session.ExternalId, session.Url, session.ExpiresAt);

    /// <summary>It leads nowhere any more.</summary>
    public void Close(DateTimeOffset now) => ClosedAt ??= now;
}
