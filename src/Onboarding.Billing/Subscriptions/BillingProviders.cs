namespace Onboarding.Billing.Subscriptions;

/// <summary>The providers that this build knows.</summary>
public sealed class BillingProviders(IEnumerable<IBillingProvider> all)
{
    /// <summary>That by which new subscriptions are sold: the first that is configured; null when none is.</summary>
    public IBillingProvider? Selling => all.FirstOrDefault(provider => provider.IsConfigured);

    /// <summary>All of them.</summary>
    public IEnumerable<IBillingProvider> All => all;

    /// <summary>The one of this name; null when there is none.</summary>
    public IBillingProvider? Find(string name) => all.FirstOrDefault(provider => provider.Name == name);
}
