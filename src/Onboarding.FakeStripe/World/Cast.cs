using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>All who act on one world.</summary>
internal sealed class Cast
{
    public Cast(FakeWorld world)
    {
        World = world;
        Invoices = new(world);
        Subscriptions = new(world, Invoices);
        Customers = new(world, Subscriptions);
        Checkouts = new(world, Subscriptions, Customers);
        Passage = new(world, Subscriptions, Invoices, Checkouts);
    }

    public FakeWorld World { get; }

    public Invoices Invoices { get; }

    public Subscriptions Subscriptions { get; }

    public Customers Customers { get; }

    public Checkouts Checkouts { get; }

    public Passage Passage { get; }

    /// <summary>Begins a subscription and leads it to the status, by the way that leads there.</summary>
    public string Begin(string customer, string priceId, string status, int trialDays, long quantity, IReadOnlyDictionary<string, string>? metadata)
    {
        Customers.Living(customer);
        var isFirstUnpaid = status is "incomplete" or "incomplete_expired";
        var days = status == "trialing" && trialDays == 0 ? 14 : trialDays;
        var order = new State.Order(priceId, quantity, days, metadata?.ToDictionary() ?? []);
        var subscription = Subscriptions.Start(customer, order, !isFirstUnpaid);
        switch (status)
        {
            case "trialing" or "active" or "incomplete":
                break;
            case "incomplete_expired":
                Subscriptions.ExpireIncomplete(subscription);
                break;
            case "past_due":
                Subscriptions.Renew(subscription, paid: false);
                break;
            case "unpaid":
                Subscriptions.Renew(subscription, paid: false);
                Subscriptions.GiveUp(subscription, "unpaid");
                break;
            case "paused":
                Subscriptions.Pause(subscription);
                break;
            case "canceled":
                Subscriptions.Cancel(subscription);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(status), status, "No status of a subscription.");
        }

        return subscription.Text("id");
    }
}
