using Onboarding.Billing.Plans;

namespace Onboarding.Billing.Subscriptions;

/// <summary>A subscription as it was when it was last fetched.</summary>
public sealed class Subscription
{
    private Subscription()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid CustomerId { get; private init; }

    /// <summary>The provider's id of it.</summary>
    public string ExternalId { get; private init; } = "";

    /// <summary>Where it stands.</summary>
    public SubscriptionStatus Status { get; private set; }

    /// <summary>Key of the plan that its price stands for; null when the catalogue knows no such price.</summary>
    public string? Plan { get; private set; }

    /// <inheritdoc cref="SubscriptionSnapshot.LookupKey"/>
    public string? LookupKey { get; private set; }

    /// <inheritdoc cref="SubscriptionSnapshot.ItemId"/>
    public string ItemId { get; private set; } = "";

    /// <summary>Seats paid for.</summary>
    public long Quantity { get; private set; }

    /// <inheritdoc cref="SubscriptionSnapshot.CurrentPeriodEnd"/>
    public DateTimeOffset? CurrentPeriodEnd { get; private set; }

    /// <inheritdoc cref="SubscriptionSnapshot.CancelAt"/>
    public DateTimeOffset? CancelAt { get; private set; }

    /// <summary>When its trial began; null without one.</summary>
    public DateTimeOffset? TrialStart { get; private set; }

    /// <summary>When its trial ends.</summary>
    public DateTimeOffset? TrialEnd { get; private set; }

    /// <summary>Since when it is past due: when what is owed became due, or when that was first seen. The grace counts from here.</summary>
    public DateTimeOffset? PastDueSince { get; private set; }

    /// <summary>When the provider made it.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed here.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>As the provider sent it.</summary>
    public string Raw { get; private set; } = "{}";

    /// <summary>A new one, yet to be told how it is.</summary>
    public static Subscription Of(Guid customerId, SubscriptionSnapshot snapshot, DateTimeOffset now) => new()
    {
        Id = Tenancy.Ids.New(now),
        CustomerId = customerId,
        ExternalId = snapshot.ExternalId,
        Status = SubscriptionStatus.Unknown,
        CreatedAt = snapshot.CreatedAt,
    };

    /// <summary>Takes over how it is. False when that changes nothing that anybody hears of.</summary>
    /// <param name="firstFailure">When the newest invoice that is owed became due.</param>
    public bool Update(SubscriptionSnapshot snapshot, Plan? plan, DateTimeOffset? firstFailure, DateTimeOffset now)
    {
        var before = Told();
        var since = snapshot.Status == SubscriptionStatus.PastDue ? Earlier(PastDueSince, firstFailure) ?? now : (DateTimeOffset?)null;
        (Status, Plan, LookupKey, ItemId, Quantity) = (snapshot.Status, plan?.Key, snapshot.LookupKey, snapshot.ItemId, snapshot.Quantity);
        (CurrentPeriodEnd, CancelAt, TrialStart, TrialEnd, PastDueSince) = (snapshot.CurrentPeriodEnd, snapshot.CancelAt, snapshot.TrialStart, snapshot.TrialEnd, since);
        Raw = snapshot.Raw;
        if (Told() == before)
        {
            return false;
        }

        UpdatedAt = now;
        return true;
    }

    private (SubscriptionStatus, string?, string?, long, DateTimeOffset?, DateTimeOffset?, DateTimeOffset?) Told() =>
        (Status, Plan, LookupKey, Quantity, CurrentPeriodEnd, CancelAt, TrialEnd);

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;
}
