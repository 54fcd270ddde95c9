using Onboarding.Billing.Subscriptions;

namespace Onboarding.Billing.Tests.Subscriptions;

/// <summary>The table of what a subscription means, row by row (BILL-22).</summary>
public sealed class StandingTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    [Theory] // BILL-22
    [InlineData(SubscriptionStatus.Incomplete, SubscriptionPhase.Incomplete, false)]
    [InlineData(SubscriptionStatus.IncompleteExpired, SubscriptionPhase.Ended, false)]
    [InlineData(SubscriptionStatus.Trialing, SubscriptionPhase.Trial, true)]
    [InlineData(SubscriptionStatus.Active, SubscriptionPhase.Active, true)]
    [InlineData(SubscriptionStatus.PastDue, SubscriptionPhase.Grace, true)]
    [InlineData(SubscriptionStatus.Unpaid, SubscriptionPhase.Unpaid, false)]
    [InlineData(SubscriptionStatus.Paused, SubscriptionPhase.Paused, false)]
    [InlineData(SubscriptionStatus.Canceled, SubscriptionPhase.Ended, false)]
    [InlineData(SubscriptionStatus.Unknown, SubscriptionPhase.Unrecognized, false)]
    public void Each_status_has_its_row(SubscriptionStatus status, SubscriptionPhase phase, bool grants)
    {
        var standing = Standing.Of([Make(status)], Grace, Now);
        Assert.Equal((phase, grants), (standing.Phase, standing.Grants));
    }

    [Fact] // BILL-22
    public void Without_any_there_is_none() => Assert.Equal(new Standing(null, SubscriptionPhase.None, null), Standing.Of([], Grace, Now));

    [Fact] // BILL-22
    public void A_scheduled_end_grants_until_then_and_not_at_it()
    {
        var subscription = Make(SubscriptionStatus.Active, cancelAt: Now.AddDays(3));
        Assert.Equal((SubscriptionPhase.Ending, Now.AddDays(3)), (Standing.Of([subscription], Grace, Now).Phase, Standing.Of([subscription], Grace, Now).Until));
        Assert.True(Standing.Of([subscription], Grace, Now.AddDays(3).AddSeconds(-1)).Grants);
        Assert.Equal(SubscriptionPhase.Ended, Standing.Of([subscription], Grace, Now.AddDays(3)).Phase);
    }

    [Fact] // BILL-22
    public void The_grace_counts_from_the_first_failure_and_ends_to_the_second()
    {
        var subscription = Make(SubscriptionStatus.PastDue, firstFailure: Now.AddDays(-2));
        Assert.Equal(Now.AddDays(5), Standing.Of([subscription], Grace, Now).Until);
        Assert.True(Standing.Of([subscription], Grace, Now.AddDays(5).AddSeconds(-1)).Grants);
        Assert.Equal((SubscriptionPhase.Lapsed, false), (Standing.Of([subscription], Grace, Now.AddDays(5)).Phase, Standing.Of([subscription], Grace, Now.AddDays(5)).Grants));

        // A later failure begins no other grace; one that turns out to be earlier moves it; being paid ends it.
        subscription.Update(Snapshot(SubscriptionStatus.PastDue), plan: null, Now.AddDays(4), Now.AddDays(4));
        Assert.Equal(Now.AddDays(-2), subscription.PastDueSince);
        subscription.Update(Snapshot(SubscriptionStatus.PastDue), plan: null, Now.AddDays(-3), Now.AddDays(4));
        Assert.Equal(Now.AddDays(-3), subscription.PastDueSince);
        subscription.Update(Snapshot(SubscriptionStatus.Active), plan: null, firstFailure: null, Now.AddDays(4));
        Assert.Null(subscription.PastDueSince);
    }

    [Fact] // BILL-22
    public void What_grants_goes_before_what_does_not_whichever_is_newer()
    {
        var (old, lapsed, ended) = (Make(SubscriptionStatus.Active, createdAt: Now.AddDays(-9)), Make(SubscriptionStatus.Unpaid, createdAt: Now.AddDays(-1)), Make(SubscriptionStatus.Canceled, createdAt: Now));
        foreach (var order in new Subscription[][] { [old, lapsed, ended], [ended, lapsed, old], [lapsed, ended, old] })
        {
            Assert.Same(old, Standing.Of(order, Grace, Now).Subscription);
        }

        Assert.Same(lapsed, Standing.Of([ended, lapsed], Grace, Now).Subscription);
    }

    private static Subscription Make(SubscriptionStatus status, DateTimeOffset? cancelAt = null, DateTimeOffset? firstFailure = null, DateTimeOffset? createdAt = null)
    {
        var snapshot = Snapshot(status, cancelAt, createdAt);
        var subscription = Subscription.Of(Guid.Empty, snapshot, Now);
        subscription.Update(snapshot, plan: null, firstFailure, Now);
        return subscription;
    }

    private static SubscriptionSnapshot Snapshot(SubscriptionStatus status, DateTimeOffset? cancelAt = null, DateTimeOffset? createdAt = null) =>
        new("sub_1", null, status, "si_1", "premium_monthly", 1, Now.AddDays(20), cancelAt, null, null, createdAt ?? Now.AddDays(-10), "{}");
}
