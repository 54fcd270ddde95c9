namespace Onboarding.FakeStripe;

/// <summary>Who sends the callbacks.</summary>
public enum DeliveryMode
{
    /// <summary>The fake, as events come, with retries.</summary>
    Automatic,

    /// <summary>Nobody: whoever holds the fake posts them, in any order, twice or never.</summary>
    Held,
}
