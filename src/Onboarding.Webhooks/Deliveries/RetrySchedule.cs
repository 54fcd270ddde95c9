namespace Onboarding.Webhooks.Deliveries;

/// <summary>When a delivery that failed is tried again (HOOK-12, FAULT-11).</summary>
/// <param name="pauses">Between one attempt and the next.</param>
/// <param name="jitter">By which part, 0 to 1, a pause is made longer or shorter at random.</param>
public sealed class RetrySchedule(IReadOnlyList<TimeSpan> pauses, double jitter)
{
    /// <summary>Ten attempts within a little more than three days.</summary>
    public static IReadOnlyList<TimeSpan> Default { get; } =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2),
        TimeSpan.FromHours(5),
        TimeSpan.FromHours(10),
        TimeSpan.FromHours(14),
        TimeSpan.FromHours(20),
        TimeSpan.FromHours(24),
    ];

    /// <summary>As configured.</summary>
    public static RetrySchedule From(WebhookOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(options.Schedule is { Count: > 0 } configured ? configured : Default, options.Jitter);
    }

    /// <summary>The pause after a failed attempt; null when there is to be no further one.</summary>
    /// <param name="attempt">Which one failed, counted from 1.</param>
    /// <param name="random">Where the jitter comes from.</param>
    public TimeSpan? Next(int attempt, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        return attempt <= pauses.Count ? pauses[attempt - 1] * (1 + (jitter * ((2 * random.NextDouble()) - 1))) : null;
    }
}
