namespace Onboarding.Billing.Subscriptions;

/// <summary>Where a subscription stands, in no provider's words.</summary>
public enum SubscriptionStatus
{
    /// <summary>The first payment is not there yet.</summary>
    Incomplete,

    /// <summary>The first payment never came.</summary>
    IncompleteExpired,

    /// <summary>In its trial.</summary>
    Trialing,

    /// <summary>Paid.</summary>
    Active,

    /// <summary>A payment failed, and is tried again.</summary>
    PastDue,

    /// <summary>A payment failed, and is tried no more.</summary>
    Unpaid,

    /// <summary>Stands still, such as after a trial without a means of payment.</summary>
    Paused,

    /// <summary>Over.</summary>
    Canceled,

    /// <summary>The provider says something that this build does not know: it changes nothing.</summary>
    Unknown,
}
