using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>What changes by itself when its time comes, with nothing heard of Stripe.</summary>
[Collection(ClockCollection.Name)]
public sealed class GraceTests(ApiFixture fixture)
{
    [Fact] // BILL-22
    public async Task The_grace_ends_by_itself_and_a_payment_brings_the_plan_back()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));
        await using var stripe = await TestStripe.StartAsync(clock: clock);
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, TestStripe.SettingsFor(stripe), services => services.AddSingleton<TimeProvider>(clock));
        app.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(app, stripe);
        var subscription = await subscriber.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");

        await stripe.FailRenewalAsync(subscription);
        await subscriber.DeliverAsync();
        await subscriber.HasPhaseAsync("grace");
        var end = (await subscriber.SubscriptionAsync()).GetProperty("grace_end").GetDateTimeOffset();
        Assert.Equal(clock.GetUtcNow().AddDays(7), end, TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(async () => (await subscriber.SharedAsync<DateTime>("SELECT due_at FROM platform.work WHERE kind = 'billing' AND claim_id IS NULL")).SingleOrDefault() > end.UtcDateTime, "it is looked at again when the grace ends");

        clock.Advance(end - clock.GetUtcNow() - TimeSpan.FromMinutes(1));
        await using var again = await ReturnAsync(subscriber);
        Assert.Equal("premium", await again.PlanAsync());
        clock.Advance(TimeSpan.FromMinutes(1) + TimeSpan.FromSeconds(2));
        await again.HasPlanAsync("free");
        await again.HasPhaseAsync("lapsed");
        Assert.False(await again.MayDefineRolesAsync());

        await stripe.PayOpenInvoiceAsync(subscription);
        await again.DeliverAsync();
        await again.HasPlanAsync("premium");
    }

    // The session of a week ago is over.
    private static Task<Subscriber> ReturnAsync(Subscriber subscriber) => subscriber.SignInAgainAsync();
}
