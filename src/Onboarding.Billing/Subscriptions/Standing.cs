namespace Onboarding.Billing.Subscriptions;

/// <summary>What a subscription means for the organization at one moment.</summary>
public enum SubscriptionPhase
{
    /// <summary>There has never been one.</summary>
    None,

    /// <summary>The first payment is to be finished.</summary>
    Incomplete,

    /// <summary>In its trial.</summary>
    Trial,

    /// <summary>Paid.</summary>
    Active,

    /// <summary>Paid, and over at a known time.</summary>
    Ending,

    /// <summary>A payment failed; the plan goes on for now.</summary>
    Grace,

    /// <summary>A payment failed, and the grace is over.</summary>
    Lapsed,

    /// <summary>A payment failed, and is tried no more.</summary>
    Unpaid,

    /// <summary>Stands still.</summary>
    Paused,

    /// <summary>Over.</summary>
    Ended,

    /// <summary>The provider says something that this build does not know.</summary>
    Unrecognized,
}

/// <summary>Where an organization stands by its subscriptions: the table of the requirements (BILL-22) as one pure function.</summary>
/// <param name="Subscription">The one that counts; null when there never was one.</param>
/// <param name="Phase">What it means.</param>
/// <param name="Until">When that changes by itself; null when it does not.</param>
public sealed record Standing(Subscription? Subscription, SubscriptionPhase Phase, DateTimeOffset? Until)
{
    /// <summary>Whether its plan is the organization's.</summary>
    public bool Grants => Phase is SubscriptionPhase.Trial or SubscriptionPhase.Active or SubscriptionPhase.Ending or SubscriptionPhase.Grace;

    /// <summary>Whether there is something that can be changed or cancelled, and so nothing new to buy.</summary>
    public bool IsLive => Grants || Phase is SubscriptionPhase.Lapsed or SubscriptionPhase.Unpaid or SubscriptionPhase.Paused;

    /// <summary>Of all subscriptions of an organization: what grants goes before what does not, the newest before the others.</summary>
    public static Standing Of(IEnumerable<Subscription> subscriptions, TimeSpan grace, DateTimeOffset now) => subscriptions
        .Select(subscription => Of(subscription, grace, now))
        .OrderBy(standing => standing.Grants ? 0 : standing.IsLive ? 1 : standing.Phase is SubscriptionPhase.Unrecognized ? 2 : standing.Phase is SubscriptionPhase.Incomplete ? 3 : 4)
        .ThenByDescending(standing => standing.Subscription!.CreatedAt)
        .ThenByDescending(standing => standing.Subscription!.ExternalId, StringComparer.Ordinal)
        .FirstOrDefault() ?? new(null, SubscriptionPhase.None, null);

    private static Standing Of(Subscription subscription, TimeSpan grace, DateTimeOffset now) => subscription.Status switch
    {
        SubscriptionStatus.Incomplete => new(subscription, SubscriptionPhase.Incomplete, null),
        SubscriptionStatus.Trialing or SubscriptionStatus.Active when subscription.CancelAt <= now => new(subscription, SubscriptionPhase.Ended, null),
        SubscriptionStatus.Trialing when subscription.CancelAt is null => new(subscription, SubscriptionPhase.Trial, null),
        SubscriptionStatus.Active when subscription.CancelAt is null => new(subscription, SubscriptionPhase.Active, null),
        SubscriptionStatus.Trialing or SubscriptionStatus.Active => new(subscription, SubscriptionPhase.Ending, subscription.CancelAt),
        SubscriptionStatus.PastDue when subscription.PastDueSince + grace is { } end && end > now => new(subscription, SubscriptionPhase.Grace, end),
        SubscriptionStatus.PastDue => new(subscription, SubscriptionPhase.Lapsed, null),
        SubscriptionStatus.Unpaid => new(subscription, SubscriptionPhase.Unpaid, null),
        SubscriptionStatus.Paused => new(subscription, SubscriptionPhase.Paused, null),
        SubscriptionStatus.Unknown => new(subscription, SubscriptionPhase.Unrecognized, null),
        _ => new(subscription, SubscriptionPhase.Ended, null),
    };
}
