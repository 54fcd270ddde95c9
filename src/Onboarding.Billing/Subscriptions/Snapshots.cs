namespace Onboarding.Billing.Subscriptions;

/// <summary>What a provider knows of a customer at one moment: what the state follows, instead of the order of callbacks.</summary>
/// <param name="IsDeleted">Whether the provider has no such customer any more.</param>
/// <param name="Subscriptions">All of them, ended ones too.</param>
/// <param name="Invoices">The newest hundred.</param>
public sealed record CustomerSnapshot(bool IsDeleted, IReadOnlyList<SubscriptionSnapshot> Subscriptions, IReadOnlyList<InvoiceSnapshot> Invoices)
{
    /// <summary>That of a customer who is gone.</summary>
    public static CustomerSnapshot Deleted { get; } = new(true, [], []);
}

/// <summary>A subscription as the provider has it.</summary>
/// <param name="OrganizationId">Whose the metadata says it is; null where it says nothing. It may confirm, and never decides.</param>
/// <param name="ItemId">The provider's id of the item that a change of plan or seats names.</param>
/// <param name="LookupKey">Of its price.</param>
/// <param name="CurrentPeriodEnd">Until when it is paid.</param>
/// <param name="CancelAt">When it ends; null while it goes on.</param>
/// <param name="Raw">As the provider sent it, JSON.</param>
public sealed record SubscriptionSnapshot(
    string ExternalId, Guid? OrganizationId, SubscriptionStatus Status, string ItemId, string? LookupKey, long Quantity,
    DateTimeOffset? CurrentPeriodEnd, DateTimeOffset? CancelAt, DateTimeOffset? TrialStart, DateTimeOffset? TrialEnd, DateTimeOffset CreatedAt, string Raw);

/// <summary>An invoice as the provider has it; amounts in the smallest unit of the currency.</summary>
/// <param name="Status"><c>draft</c>, <c>open</c>, <c>paid</c>, <c>uncollectible</c> or <c>void</c>.</param>
/// <param name="Attempts">How often payment was tried.</param>
public sealed record InvoiceSnapshot(
    string ExternalId, string? SubscriptionExternalId, string? Number, string Status, long AmountDue, long AmountPaid, string Currency, long Attempts,
    DateTimeOffset CreatedAt, DateTimeOffset? FinalizedAt, DateTimeOffset? PaidAt, string? HostedUrl, string? PdfUrl);
