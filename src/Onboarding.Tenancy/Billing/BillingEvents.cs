using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Billing;

/// <summary>The organization has another plan from now on.</summary>
/// <param name="From">Key of the plan before.</param>
/// <param name="To">Key of the plan now.</param>
/// <param name="OccurredAt">When it happened.</param>
public sealed record OrganizationPlanChanged(string From, string To, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "organization.plan_changed";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => null;

    /// <inheritdoc/>
    public override string? AuditNote => $"{From} to {To}";
}

/// <summary>The subscription changed, or there is one now.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="Status">Where it stands, such as <c>active</c> or <c>past_due</c>.</param>
/// <param name="Plan">Key of what it pays for; null for what the catalogue does not know.</param>
/// <param name="Quantity">Seats paid for.</param>
/// <param name="CurrentPeriodEnd">Until when it is paid.</param>
/// <param name="CancelAt">When it ends; null while it goes on.</param>
/// <param name="OccurredAt">When it happened.</param>
public sealed record SubscriptionUpdated(
    Guid SubscriptionId, string Status, string? Plan, long Quantity, DateTimeOffset? CurrentPeriodEnd, DateTimeOffset? CancelAt, DateTimeOffset OccurredAt)
    : DomainEvent(OccurredAt)
{
    internal const string Name = "subscription.updated";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => SubscriptionId;

    /// <inheritdoc/>
    public override string? AuditNote => Status;
}

/// <summary>A domain event about one invoice; amounts in the smallest unit of the currency.</summary>
/// <param name="InvoiceId">The invoice.</param>
/// <param name="Number">As it is printed.</param>
/// <param name="Currency">ISO 4217, lower case.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record InvoiceEvent(Guid InvoiceId, string? Number, string Currency, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => InvoiceId;

    /// <inheritdoc/>
    public override string? AuditNote => Number;
}

/// <summary>An invoice was paid.</summary>
/// <param name="AmountPaid">What was paid.</param>
public sealed record InvoicePaid(Guid InvoiceId, string? Number, long AmountPaid, string Currency, DateTimeOffset OccurredAt) : InvoiceEvent(InvoiceId, Number, Currency, OccurredAt)
{
    internal const string Name = "invoice.paid";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>A payment of an invoice failed.</summary>
/// <param name="AmountDue">What is owed.</param>
/// <param name="Attempts">How often payment was tried.</param>
public sealed record InvoicePaymentFailed(Guid InvoiceId, string? Number, long AmountDue, string Currency, long Attempts, DateTimeOffset OccurredAt)
    : InvoiceEvent(InvoiceId, Number, Currency, OccurredAt)
{
    internal const string Name = "invoice.payment_failed";

    /// <inheritdoc/>
    public override string Type => Name;
}
