using Microsoft.EntityFrameworkCore;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;

namespace Onboarding.Billing.Subscriptions;

/// <summary>Takes over what a provider says of a customer, and gathers what is to be told about it.</summary>
internal sealed class SnapshotMerge(BillingDbContext db, PlanCatalogue catalogue, Organization organization, DateTimeOffset now)
{
    /// <summary>All subscriptions as they are now.</summary>
    public IReadOnlyList<Subscription> Subscriptions { get; private set; } = [];

    /// <summary>What happened.</summary>
    public List<DomainEvent> Events { get; } = [];

    /// <summary>What an operator has to look at; null when everything is as it should be.</summary>
    public string? AnomalyOf(CustomerSnapshot snapshot)
    {
        var own = snapshot.Subscriptions.Where(IsOurs).ToList();
        var live = own.Where(subscription => subscription.Status is SubscriptionStatus.Active or SubscriptionStatus.Trialing or SubscriptionStatus.PastDue).ToList();
        return snapshot.Subscriptions.Count != own.Count ? "a subscription says that it is another organization's; it is not looked at"
            : own.Find(subscription => subscription.Status == SubscriptionStatus.Unknown) is { } unknown ? $"subscription {unknown.ExternalId} has a status that this build does not know; the plan stays"
            : live.Find(subscription => catalogue.SoldAt(subscription.LookupKey) is null) is { } unsold ? $"subscription {unsold.ExternalId} has a price that no plan has ({unsold.LookupKey ?? "no lookup key"}); the plan stays"
            : live.Count > 1 ? $"{live.Count} subscriptions are paid for at once"
            : null;
    }

    public async Task RunAsync(Customer customer, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        var known = await db.Subscriptions.Where(s => s.CustomerId == customer.Id).ToDictionaryAsync(s => s.ExternalId, cancellationToken);
        await MergeInvoicesAsync(customer, snapshot, cancellationToken);
        foreach (var theirs in snapshot.Subscriptions.Where(theirs => IsOurs(theirs) || known.ContainsKey(theirs.ExternalId)))
        {
            if (!known.TryGetValue(theirs.ExternalId, out var ours))
            {
                ours = known[theirs.ExternalId] = Subscription.Of(customer.Id, theirs, now);
                db.Subscriptions.Add(ours);
            }

            // One that is said to be another's from now on is followed to its end, and pays for nothing here.
            Take(ours, IsOurs(theirs) ? theirs : theirs with { Status = SubscriptionStatus.Canceled, CancelAt = null }, FirstFailure(snapshot, theirs));
        }

        if (snapshot.IsDeleted)
        {
            foreach (var ended in known.Values.Where(s => s.Status != SubscriptionStatus.Canceled))
            {
                Take(ended, Ended(ended), firstFailure: null);
            }
        }

        Subscriptions = [.. known.Values];
        await NoteTrialAsync(customer, cancellationToken);
    }

    /// <summary>By the stored customer alone; metadata may confirm, and where it contradicts nothing is granted (BILL-11).</summary>
    public static bool IsOf(Organization organization, SubscriptionSnapshot subscription) => subscription.OrganizationId is null || subscription.OrganizationId == organization.Key;

    private bool IsOurs(SubscriptionSnapshot subscription) => IsOf(organization, subscription);

    private void Take(Subscription ours, SubscriptionSnapshot theirs, DateTimeOffset? firstFailure)
    {
        if (ours.Update(theirs, catalogue.SoldAt(theirs.LookupKey), firstFailure, now))
        {
            Events.Add(new SubscriptionUpdated(ours.Id, SnakeCase.Name(ours.Status.ToString()), ours.Plan, ours.Quantity, ours.CurrentPeriodEnd, ours.CancelAt, now));
        }
    }

    private async Task MergeInvoicesAsync(Customer customer, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        var ids = snapshot.Invoices.Select(invoice => invoice.ExternalId).ToArray();
        var known = ids.Length == 0 ? [] : await db.Invoices.Where(i => i.CustomerId == customer.Id && ids.Contains(i.ExternalId)).ToDictionaryAsync(i => i.ExternalId, cancellationToken);
        foreach (var theirs in snapshot.Invoices.Where(invoice => invoice.Status != "draft"))
        {
            if (!known.TryGetValue(theirs.ExternalId, out var ours))
            {
                ours = Invoice.Of(customer.Id, theirs, now);
                db.Invoices.Add(ours);
            }

            // What was over before the organization became a customer here is no news.
            var change = ours.Update(theirs);
            if (theirs.CreatedAt >= customer.CreatedAt.AddHours(-1))
            {
                Tell(ours, change);
            }
        }
    }

    private void Tell(Invoice invoice, InvoiceChange change)
    {
        switch (change)
        {
            case InvoiceChange.Paid:
                Events.Add(new InvoicePaid(invoice.Id, invoice.Number, invoice.AmountPaid, invoice.Currency, now));
                break;
            case InvoiceChange.PaymentFailed:
                Events.Add(new InvoicePaymentFailed(invoice.Id, invoice.Number, invoice.AmountDue, invoice.Currency, invoice.Attempts, now));
                break;
        }
    }

    // Of the newest that is owed: an old one that was left open must not use up the grace of a new failure.
    private static DateTimeOffset? FirstFailure(CustomerSnapshot snapshot, SubscriptionSnapshot subscription) => snapshot.Invoices
        .Where(invoice => invoice.SubscriptionExternalId == subscription.ExternalId && invoice.Status == "open" && invoice.Attempts > 0)
        .Select(invoice => (DateTimeOffset?)(invoice.FinalizedAt ?? invoice.CreatedAt))
        .Max();

    private static SubscriptionSnapshot Ended(Subscription subscription) => new(
        subscription.ExternalId, OrganizationId: null, SubscriptionStatus.Canceled, subscription.ItemId, subscription.LookupKey, subscription.Quantity,
        subscription.CurrentPeriodEnd, CancelAt: null, subscription.TrialStart, subscription.TrialEnd, subscription.CreatedAt, subscription.Raw);

    private async Task NoteTrialAsync(Customer customer, CancellationToken cancellationToken)
    {
        var first = Subscriptions.Where(subscription => subscription.TrialStart is not null).MinBy(subscription => subscription.TrialStart);
        if (first is not null && !await db.Trials.AnyAsync(trial => trial.OrganizationId == customer.OrganizationId, cancellationToken))
        {
            db.Trials.Add(Trial.Of(customer.OrganizationId, first, now));
        }
    }
}
