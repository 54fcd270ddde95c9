using System.Text.Json.Nodes;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe;

/// <summary>What a customer does, or Stripe, or time; each makes the events that belong to it.</summary>
public sealed partial class FakeStripe
{
    /// <summary>The customer pays a checkout.</summary>
    public Task PayCheckoutAsync(string sessionId) => Act(() => cast.Checkouts.Pay(sessionId));

    /// <summary>The card is declined at a checkout, which stays open.</summary>
    public Task DeclineCheckoutAsync(string sessionId) => Act(() => cast.Checkouts.Decline(sessionId));

    /// <summary>A checkout was left until its time was over.</summary>
    public Task ExpireCheckoutAsync(string sessionId) => Act(() => cast.Checkouts.Expire(sessionId));

    /// <summary>A customer that was made elsewhere than by the product.</summary>
    public Task<string> CreateCustomerAsync(string? name = null, string? email = null) => Task.FromResult(world.Do(() => (string)cast.Customers.Create(made =>
    {
        made["name"] = name;
        made["email"] = email;
    })["id"]!));

    /// <summary>A subscription that is in any of Stripe's statuses, by the way that leads there; answers its id.</summary>
    public Task<string> CreateSubscriptionAsync(
        string customerId, string lookupKey, string status = "active", int trialDays = 0, long quantity = 1, IReadOnlyDictionary<string, string>? metadata = null) =>
        Task.FromResult(world.Do(() => cast.Begin(customerId, PriceId(lookupKey), status, trialDays, quantity, metadata)));

    /// <summary>The next period begins and is paid.</summary>
    public Task RenewAsync(string subscriptionId) => Act(() =>
    {
        world.State.Failing.Remove(subscriptionId);
        cast.Subscriptions.Renew(Subscription(subscriptionId), paid: true);
    });

    /// <summary>The next period begins and the card is declined; it stays so until an open invoice is paid.</summary>
    public Task FailRenewalAsync(string subscriptionId) => Act(() => cast.Subscriptions.Renew(Subscription(subscriptionId), paid: false));

    /// <summary>The customer pays what is open.</summary>
    public Task PayOpenInvoiceAsync(string subscriptionId) => Act(() => cast.Subscriptions.PayOpen(Subscription(subscriptionId)));

    /// <summary>Stripe gives up on what is open.</summary>
    /// <param name="subscriptionId">Whose.</param>
    /// <param name="status"><c>canceled</c> or <c>unpaid</c>.</param>
    public Task GiveUpAsync(string subscriptionId, string status) => Act(() => cast.Subscriptions.GiveUp(Subscription(subscriptionId), status));

    /// <summary>The trial is over now.</summary>
    public Task EndTrialAsync(string subscriptionId, bool paid = true) => Act(() => cast.Subscriptions.EndTrial(Subscription(subscriptionId), paid));

    /// <summary>The customer cancels, at once or for the end of the period.</summary>
    public Task CancelAsync(string subscriptionId, bool atPeriodEnd = false) => Act(() =>
    {
        if (atPeriodEnd)
        {
            cast.Subscriptions.CancelAtEnd(Subscription(subscriptionId), cancel: true);
        }
        else
        {
            cast.Subscriptions.Cancel(Subscription(subscriptionId));
        }
    });

    /// <summary>A pause ends, or a cancellation for the end of the period is taken back.</summary>
    public Task ResumeAsync(string subscriptionId) => Act(() => Resume(cast, subscriptionId));

    /// <summary>A pause begins.</summary>
    public Task PauseAsync(string subscriptionId) => Act(() => cast.Subscriptions.Pause(Subscription(subscriptionId)));

    /// <summary>The price is changed elsewhere than by the product, billed with the next invoice.</summary>
    public Task SetPriceAsync(string subscriptionId, string lookupKey) => Act(() =>
    {
        var subscription = Subscription(subscriptionId);
        var quantity = (long)Periods.Item(subscription)["quantity"]!;
        world.Change(subscription, "customer.subscription.updated", () => cast.Subscriptions.SetItem(subscription, world.Get("price", PriceId(lookupKey)), quantity, "create_prorations", world.Now));
    });

    /// <summary>A customer is deleted at Stripe, with what it had.</summary>
    public Task DeleteCustomerAsync(string customerId) => Act(() => cast.Customers.Delete(customerId));

    /// <summary>Metadata of a customer or a subscription is changed at Stripe; null takes a key away.</summary>
    public Task UpdateMetadataAsync(string id, string key, string? value) => Act(() =>
    {
        var thing = world.State.Find(id) ?? throw new ArgumentException($"There is no {id}.", nameof(id));
        world.Change(thing, (string?)thing["object"] == "customer" ? "customer.updated" : "customer.subscription.updated", () =>
        {
            var metadata = thing["metadata"]!.AsObject();
            metadata.Remove(key);
            if (value is not null)
            {
                metadata[key] = value;
            }
        });
    });

    /// <summary>Time passes for all that the fake holds, while the clock stays; then what fell due is done. Zero does what fell due by the clock.</summary>
    public Task PassTimeAsync(TimeSpan span) => Act(() => cast.Passage.Pass(span));

    internal static void Resume(Cast cast, string subscriptionId)
    {
        var subscription = cast.Subscriptions.Get(subscriptionId);
        if ((string?)subscription["status"] == "paused")
        {
            cast.Subscriptions.Resume(subscription);
        }
        else
        {
            cast.Subscriptions.CancelAtEnd(subscription, cancel: false);
        }
    }

    private Task Act(Action work)
    {
        world.Do(work);
        return Task.CompletedTask;
    }

    private JsonObject Subscription(string id) => cast.Subscriptions.Get(id);

    // By what the objects say: an option may be gone while the price is still there.
    private string PriceId(string lookupKey) => world.All("price").FirstOrDefault(price => (string?)price["lookup_key"] == lookupKey) is { } found
        ? (string)found["id"]!
        : throw new ArgumentException($"There is no price {lookupKey}.", nameof(lookupKey));
}
