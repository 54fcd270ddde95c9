using CsCheck;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Onboarding.Webhooks.Deliveries;

namespace Onboarding.Webhooks.Tests.Deliveries;

public sealed class RetryScheduleTests
{
    private static readonly RetrySchedule Usual = RetrySchedule.From(new WebhookOptions());
    private static readonly double[] Seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    [Fact] // HOOK-12
    public void Every_pause_is_the_scheduled_one_give_or_take_a_fifth() => Gen.Select(Gen.Int[1, 9], Gen.Int).Sample((attempt, seed) =>
    {
        var pause = Usual.Next(attempt, new Random(seed))!.Value.TotalSeconds;
        Assert.InRange(pause, Seconds[attempt - 1] * 0.8, Seconds[attempt - 1] * 1.2);
    });

    [Fact] // HOOK-12: jitter that moved to one side, or hardly at all, would leave a thundering herd.
    public void The_jitter_fills_its_range_evenly()
    {
        var random = new Random(1);
        var parts = Enumerable.Range(0, 10_000).Select(_ => (Usual.Next(1, random)!.Value.TotalSeconds / 5) - 1).ToList();

        Assert.InRange(parts.Min(), -0.2, -0.199);
        Assert.InRange(parts.Max(), 0.199, 0.2);
        Assert.InRange(parts.Average(), -0.005, 0.005);
    }

    [Fact] // HOOK-12, FAULT-11
    public void After_ten_attempts_there_is_no_other() =>
        Assert.All([10, 11, int.MaxValue], attempt => Assert.Null(Usual.Next(attempt, Random.Shared)));

    [Fact]
    public void Attempts_are_counted_from_1() => Assert.Throws<ArgumentOutOfRangeException>(() => Usual.Next(0, Random.Shared));

    [Fact] // HOOK-12: configurable.
    public void A_configured_schedule_takes_the_place_of_the_usual_one()
    {
        var schedule = RetrySchedule.From(Options(("Schedule:0", "00:00:01"), ("Schedule:1", "00:00:02"), ("Jitter", "0")));

        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), null], Enumerable.Range(1, 3).Select(attempt => schedule.Next(attempt, Random.Shared)));
    }

    [Theory]
    [InlineData("Schedule:0", "00:00:00")]
    [InlineData("Schedule:0", "8.00:00:00")]
    [InlineData("Jitter", "1")]
    [InlineData("Timeout", "00:00:00")]
    [InlineData("Timeout", "00:02:00")]
    [InlineData("MaxRetryAfter", "-00:00:01")]
    [InlineData("UserAgent", "two words")]
    public void An_option_that_makes_no_sense_stops_the_start(string name, string value) =>
        Assert.Throws<OptionsValidationException>(() => Options((name, value)));

    [Fact]
    public void What_holds_without_configuration_is_valid() => Assert.Equal(TimeSpan.FromSeconds(15), Options().Timeout);

    private static WebhookOptions Options(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Webhooks:{setting.Name}", (string?)setting.Value))).Build();
        using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddWebhooks().BuildServiceProvider();
        return services.GetRequiredService<IOptions<WebhookOptions>>().Value;
    }
}
