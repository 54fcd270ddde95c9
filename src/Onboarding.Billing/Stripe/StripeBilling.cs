using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Subscriptions;
using Stripe;
using Stripe.Checkout;

namespace Onboarding.Billing.Stripe;

/// <summary>Stripe behind the seam.</summary>
internal sealed class StripeBilling(StripeCalls calls, StripeCallbacks callbacks, TimeProvider clock)
    : IBillingProvider, IBillingPortal, IPlanChanges, IScheduledCancellation, ISeats, IEventLog
{
    /// <summary>What is read of a customer in one call; Stripe's largest page.</summary>
    private const int Page = 100;

    /// <summary>How long a price is known by its lookup key: a key can be given to another price.</summary>
    private static readonly TimeSpan PriceKnown = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, (string Id, DateTimeOffset Until)> prices = new(StringComparer.Ordinal);

    public string Name => "stripe";

    public bool IsConfigured => calls.IsConfigured;

    public async Task<string> CreateCustomerAsync(NewCustomer customer, string idempotencyKey, CancellationToken cancellationToken)
    {
        // Nothing goes along that may be another the next time: Stripe refuses a key whose parameters differ.
        var options = new CustomerCreateOptions { Metadata = Metadata(customer.OrganizationId) };
        var id = (await calls.RunAsync(client => client.V1.Customers.CreateAsync(options, new RequestOptions { IdempotencyKey = idempotencyKey }, cancellationToken))).Id;
        await calls.RunAsync(client => client.V1.Customers.UpdateAsync(id, new CustomerUpdateOptions { Name = customer.Name, Email = customer.Email }, null, cancellationToken));
        return id;
    }

    public async Task<CheckoutSession> StartCheckoutAsync(CheckoutRequest request, string idempotencyKey, CancellationToken cancellationToken)
    {
        var options = new SessionCreateOptions
        {
            Mode = "subscription",
            Customer = request.CustomerExternalId,
            ClientReferenceId = request.OrganizationId.ToString(),
            LineItems = [new SessionLineItemOptions { Price = await PriceAsync(request.LookupKey, cancellationToken), Quantity = request.Quantity }],
            SubscriptionData = new SessionSubscriptionDataOptions
            {
                Metadata = Metadata(request.OrganizationId),
                TrialPeriodDays = request.TrialDays > 0 ? request.TrialDays : null,
            },
            SuccessUrl = request.SuccessUrl,
            CancelUrl = request.CancelUrl,
            AllowPromotionCodes = true,
        };
        var session = await calls.RunAsync(client => client.V1.Checkout.Sessions.CreateAsync(options, new RequestOptions { IdempotencyKey = idempotencyKey }, cancellationToken));
        return new(session.Id, session.Url, new DateTimeOffset(session.ExpiresAt, TimeSpan.Zero));
    }

    public async Task<bool> IsCheckoutOpenAsync(string externalId, CancellationToken cancellationToken) =>
        (await calls.RunAsync(client => client.V1.Checkout.Sessions.GetAsync(externalId, null, null, cancellationToken))).Status == "open";

    public async Task ExpireCheckoutAsync(string externalId, CancellationToken cancellationToken)
    {
        try
        {
            await calls.RunAsync(client => client.V1.Checkout.Sessions.ExpireAsync(externalId, null, null, cancellationToken));
        }
        catch (ProviderRefusedException) when (!cancellationToken.IsCancellationRequested)
        {
            // Over already; or it is open all the same, and then nothing else may be opened beside it.
            if (await IsCheckoutOpenAsync(externalId, cancellationToken))
            {
                throw;
            }
        }
    }

    public async Task<CustomerSnapshot> FetchAsync(string customerExternalId, CancellationToken cancellationToken)
    {
        var customer = Uri.EscapeDataString(customerExternalId);
        if (await calls.GetAsync($"/v1/customers/{customer}", body => StripeJson.Flag(body, "deleted") == true, cancellationToken))
        {
            return CustomerSnapshot.Deleted;
        }

        // An id that Stripe does not have at all is no deleted customer: it is another account's, and nobody loses a plan by it.
        var subscriptions = calls.ListAsync($"/v1/subscriptions?customer={customer}&status=all&limit={Page}", StripeJson.Subscription, cancellationToken);
        var invoices = calls.ListAsync($"/v1/invoices?customer={customer}&limit={Page}", StripeJson.Invoice, cancellationToken);
        await Task.WhenAll(subscriptions, invoices);
        return new(IsDeleted: false, await subscriptions, await invoices);
    }

    public async Task AssignAsync(string customerExternalId, IEnumerable<string> subscriptionExternalIds, Guid organizationId, CancellationToken cancellationToken)
    {
        var metadata = Metadata(organizationId);
        await calls.RunAsync(client => client.V1.Customers.UpdateAsync(customerExternalId, new CustomerUpdateOptions { Metadata = metadata }, null, cancellationToken));
        foreach (var subscription in subscriptionExternalIds)
        {
            await calls.RunAsync(client => client.V1.Subscriptions.UpdateAsync(subscription, new SubscriptionUpdateOptions { Metadata = metadata }, null, cancellationToken));
        }
    }

    public CallbackHint VerifyCallback(ReadOnlyMemory<byte> body, string? signature) => callbacks.Verify(body, signature);

    public CallbackHint ReadCallback(ReadOnlyMemory<byte> body) => callbacks.Read(body);

    public async Task<string> OpenPortalAsync(string customerExternalId, string returnUrl, CancellationToken cancellationToken)
    {
        var options = new global::Stripe.BillingPortal.SessionCreateOptions { Customer = customerExternalId, ReturnUrl = returnUrl };
        return (await calls.RunAsync(client => client.V1.BillingPortal.Sessions.CreateAsync(options, null, cancellationToken))).Url;
    }

    public async Task<ChangePreview> PreviewChangeAsync(PlanChange change, CancellationToken cancellationToken)
    {
        var options = new InvoiceCreatePreviewOptions
        {
            Customer = change.CustomerExternalId,
            Subscription = change.SubscriptionExternalId,
            SubscriptionDetails = new InvoiceSubscriptionDetailsOptions
            {
                Items = [new InvoiceSubscriptionDetailsItemOptions { Id = change.ItemId, Price = await PriceAsync(change.LookupKey, cancellationToken), Quantity = change.Quantity }],
                ProrationBehavior = Prorate,
                ProrationDate = change.At.UtcDateTime,
            },
        };
        var invoice = await calls.RunAsync(client => client.V1.Invoices.CreatePreviewAsync(options, null, cancellationToken));
        return new(invoice.AmountDue, invoice.Currency, [.. invoice.Lines.Data.Select(line => new ChangeLine(line.Description ?? "", line.Amount))]);
    }

    public async Task ChangeAsync(PlanChange change, CancellationToken cancellationToken)
    {
        var options = new SubscriptionUpdateOptions
        {
            Items = [new SubscriptionItemOptions { Id = change.ItemId, Price = await PriceAsync(change.LookupKey, cancellationToken), Quantity = change.Quantity }],
            ProrationBehavior = Prorate,
            ProrationDate = change.At.UtcDateTime,
        };
        await calls.RunAsync(client => client.V1.Subscriptions.UpdateAsync(change.SubscriptionExternalId, options, null, cancellationToken));
    }

    public Task ScheduleCancellationAsync(string subscriptionExternalId, bool cancel, CancellationToken cancellationToken) =>
        calls.RunAsync(client => client.V1.Subscriptions.UpdateAsync(subscriptionExternalId, new SubscriptionUpdateOptions { CancelAtPeriodEnd = cancel }, null, cancellationToken));

    public Task SetSeatsAsync(string subscriptionExternalId, string itemId, long quantity, CancellationToken cancellationToken)
    {
        var options = new SubscriptionUpdateOptions { Items = [new SubscriptionItemOptions { Id = itemId, Quantity = quantity }], ProrationBehavior = "create_prorations" };
        return calls.RunAsync(client => client.V1.Subscriptions.UpdateAsync(subscriptionExternalId, options, null, cancellationToken));
    }

    public async IAsyncEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> EventsSinceAsync(DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = "";
        while (true)
        {
            var page = await calls.ListAsync(
                $"/v1/events?created[gte]={since.ToUnixTimeSeconds()}&limit={Page}{after}",
                e => (Id: StripeJson.Text(e, "id"), Text: e.GetRawText(), IsOurs: Subscribed.Any(group => StripeJson.Text(e, "type")?.StartsWith(group, StringComparison.Ordinal) == true)),
                cancellationToken);
            yield return [.. page.Where(e => e.IsOurs).Select(e => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(e.Text))];
            if (page.Count < Page)
            {
                yield break;
            }

            after = $"&starting_after={Uri.EscapeDataString(page[^1].Id ?? "")}";
        }
    }

    // What docs/billing.md has the endpoint subscribe to: of anything else no callback was to come.
    private static readonly string[] Subscribed = ["customer.", "invoice.", "checkout.session."];

    // A change of plan is charged at once; otherwise the larger plan would be used for a month before it is paid.
    private const string Prorate = "always_invoice";

    private static Dictionary<string, string> Metadata(Guid organizationId) => new() { [StripeJson.OrganizationId] = organizationId.ToString() };

    private async Task<string> PriceAsync(string lookupKey, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (prices.TryGetValue(lookupKey, out var known) && known.Until > now)
        {
            return known.Id;
        }

        var found = await calls.RunAsync(client => client.V1.Prices.ListAsync(new PriceListOptions { LookupKeys = [lookupKey], Active = true, Limit = 1 }, null, cancellationToken));
        var id = found.Data.FirstOrDefault()?.Id ?? throw new ProviderRefusedException(StripeCalls.Missing, $"Stripe has no active price with the lookup key {lookupKey}.");
        prices[lookupKey] = (id, now + PriceKnown);
        return id;
    }
}
