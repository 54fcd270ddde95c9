using Onboarding.Billing.Callbacks;

namespace Onboarding.Billing.Subscriptions;

/// <summary>What every provider can do. What only some can are interfaces of their own: callers ask whether theirs is one.</summary>
public interface IBillingProvider
{
    /// <summary>Its name in rows and routes, such as <c>stripe</c>.</summary>
    string Name { get; }

    /// <summary>Whether there are credentials to call it.</summary>
    bool IsConfigured { get; }

    /// <summary>Makes a customer; the same key makes the same one.</summary>
    Task<string> CreateCustomerAsync(NewCustomer customer, string idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Makes a page on which to pay; the same key makes the same one.</summary>
    Task<CheckoutSession> StartCheckoutAsync(CheckoutRequest request, string idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Whether somebody could still pay by a checkout.</summary>
    Task<bool> IsCheckoutOpenAsync(string externalId, CancellationToken cancellationToken);

    /// <summary>Makes a checkout lead nowhere, unless it does already: it was paid, or its time is over.</summary>
    Task ExpireCheckoutAsync(string externalId, CancellationToken cancellationToken);

    /// <summary>Everything there is to know of a customer.</summary>
    Task<CustomerSnapshot> FetchAsync(string customerExternalId, CancellationToken cancellationToken);

    /// <summary>Writes at the provider whose a customer is, and each of its subscriptions that has not ended.</summary>
    Task AssignAsync(string customerExternalId, IEnumerable<string> subscriptionExternalIds, Guid organizationId, CancellationToken cancellationToken);

    /// <summary>Whether a callback is the provider's, and whom it is about.</summary>
    /// <exception cref="CallbackRefusedException">It is not, or cannot be read.</exception>
    CallbackHint VerifyCallback(ReadOnlyMemory<byte> body, string? signature);
}

/// <summary>A provider with pages of its own for means of payment and invoices.</summary>
public interface IBillingPortal
{
    /// <summary>A link to them, good for minutes.</summary>
    Task<string> OpenPortalAsync(string customerExternalId, string returnUrl, CancellationToken cancellationToken);
}

/// <summary>A provider that changes what is paid for, and says before what that costs.</summary>
public interface IPlanChanges
{
    /// <summary>What a change would cost at this moment.</summary>
    Task<ChangePreview> PreviewChangeAsync(PlanChange change, CancellationToken cancellationToken);

    /// <summary>Makes it.</summary>
    Task ChangeAsync(PlanChange change, CancellationToken cancellationToken);
}

/// <summary>A provider that ends a subscription when what was paid for is over.</summary>
public interface IScheduledCancellation
{
    /// <summary>Schedules the end, or takes it back.</summary>
    Task ScheduleCancellationAsync(string subscriptionExternalId, bool cancel, CancellationToken cancellationToken);
}

/// <summary>A provider that charges by the seat.</summary>
public interface ISeats
{
    /// <summary>So many seats from now on.</summary>
    Task SetSeatsAsync(string subscriptionExternalId, string itemId, long quantity, CancellationToken cancellationToken);
}

/// <summary>A provider that tells again what it has told.</summary>
public interface IEventLog
{
    /// <summary>Every callback since then that is about a customer, as text, a page at a time.</summary>
    IAsyncEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> EventsSinceAsync(DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Reads a callback whose sender is certain.</summary>
    CallbackHint ReadCallback(ReadOnlyMemory<byte> body);
}

/// <summary>Who is to become a customer.</summary>
/// <param name="OrganizationId">Whose it is; goes along as metadata.</param>
/// <param name="Name">Name of the organization.</param>
/// <param name="Email">Where the provider sends receipts; null for none.</param>
public sealed record NewCustomer(Guid OrganizationId, string Name, string? Email);

/// <summary>What is to be bought.</summary>
/// <param name="TrialDays">0 without a trial.</param>
/// <param name="SuccessUrl">Where the provider sends whoever has paid.</param>
/// <param name="CancelUrl">Where it sends whoever has not.</param>
public sealed record CheckoutRequest(
    Guid OrganizationId, string CustomerExternalId, string LookupKey, long Quantity, int TrialDays, string SuccessUrl, string CancelUrl);

/// <summary>A page on which to pay.</summary>
public sealed record CheckoutSession(string ExternalId, string Url, DateTimeOffset ExpiresAt);

/// <summary>What is to be paid for instead.</summary>
/// <param name="At">The moment for which it was previewed, so that what is charged is what was shown.</param>
public sealed record PlanChange(string CustomerExternalId, string SubscriptionExternalId, string ItemId, string LookupKey, long Quantity, DateTimeOffset At);

/// <summary>What a change costs; amounts in the smallest unit of the currency, negative for a credit.</summary>
/// <param name="DueNow">What is charged at once for the rest of the period.</param>
public sealed record ChangePreview(long DueNow, string Currency, IReadOnlyList<ChangeLine> Lines);

/// <summary>A line of a preview.</summary>
public sealed record ChangeLine(string Description, long Amount);

/// <summary>The provider could not be reached, or answered that it cannot now.</summary>
public sealed class ProviderUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The provider refused what it was asked for.</summary>
/// <param name="code">In its words, such as <c>resource_missing</c>.</param>
/// <param name="message">In its words.</param>
/// <param name="inner">What was thrown.</param>
public sealed class ProviderRefusedException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>In the provider's words.</summary>
    public string Code { get; } = code;
}
