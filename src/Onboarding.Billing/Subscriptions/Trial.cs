namespace Onboarding.Billing.Subscriptions;

/// <summary>That an organization has had its trial: there is no second one, with whichever provider (BILL-22).</summary>
public sealed class Trial
{
    private Trial()
    {
    }

    /// <summary>Whose it was.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; private init; }

    /// <summary>When it ends or ended.</summary>
    public DateTimeOffset? EndsAt { get; private init; }

    /// <summary>The trial of <paramref name="subscription"/>.</summary>
    public static Trial Of(Guid organizationId, Subscription subscription, DateTimeOffset now) => new()
    {
        OrganizationId = organizationId,
        StartedAt = subscription.TrialStart ?? now,
        EndsAt = subscription.TrialEnd,
    };
}
