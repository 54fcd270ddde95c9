using Microsoft.Extensions.Time.Testing;
using Onboarding.Tenancy.Archives;

namespace Onboarding.Tenancy.Tests.Archives;

/// <summary>How slowly an export may be read: 1,000 bytes a second here, with ten seconds of patience.</summary>
public sealed class ReaderPaceTests
{
    private static readonly ExportOptions Options = new() { BytesPerSecond = 1_000, Patience = TimeSpan.FromSeconds(10) };

    private readonly FakeTimeProvider clock = new();
    private readonly ReaderPace pace;

    public ReaderPaceTests() => pace = new(Options, clock);

    [Fact] // SEC-50
    public async Task Who_takes_nothing_is_broken_off_when_the_patience_is_used_up()
    {
        var write = pace.RunAsync(0, Never, CancellationToken.None).AsTask();
        clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(write.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => write);

        // And is not waited for again.
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => pace.RunAsync(0, Never, CancellationToken.None).AsTask());
    }

    [Fact] // SEC-50
    public async Task Who_takes_something_now_and_then_but_too_little_is_broken_off_too()
    {
        for (var i = 0; i < 2; i++)
        {
            await TakesAsync(1_000, TimeSpan.FromSeconds(5));
        }

        // Eight of the ten seconds are gone.
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => TakesAsync(1_000, TimeSpan.FromSeconds(3.1)));
    }

    [Fact]
    public async Task Who_keeps_the_pace_may_read_for_ever_and_wins_lost_time_back()
    {
        await TakesAsync(0, TimeSpan.FromSeconds(9));
        for (var i = 0; i < 100; i++)
        {
            await TakesAsync(1_000, TimeSpan.FromSeconds(0.9));
        }

        await TakesAsync(0, TimeSpan.FromSeconds(9));
    }

    [Fact] // SEC-50
    public async Task Nobody_saves_up_time_by_having_been_fast()
    {
        await TakesAsync(1_000_000_000, TimeSpan.Zero);
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => TakesAsync(0, TimeSpan.FromSeconds(11)));
    }

    [Fact]
    public async Task A_write_that_was_cancelled_and_says_nothing_of_it_counts_as_too_slow() =>
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => pace.RunAsync(1, _ =>
        {
            clock.Advance(TimeSpan.FromSeconds(11));
            return ValueTask.CompletedTask;
        }, CancellationToken.None).AsTask());

    // On a busy machine a timer comes late: the write is through, and more than the patience is gone.
    [Fact] // SEC-50
    public async Task Who_was_too_slow_is_broken_off_even_when_no_timer_told()
    {
        var late = new LateTimers();
        await Assert.ThrowsAsync<ExportBrokenOffException>(() => new ReaderPace(Options, late).RunAsync(0, _ =>
        {
            late.Now += 11 * late.TimestampFrequency;
            return ValueTask.CompletedTask;
        }, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task Who_breaks_it_off_themselves_hears_of_that()
    {
        using var caller = new CancellationTokenSource();
        var write = pace.RunAsync(0, Never, caller.Token).AsTask();
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    private static async ValueTask Never(CancellationToken cancellationToken) => await Task.Delay(Timeout.Infinite, cancellationToken);

    // Its timers are the machine's own, which have ten seconds to go.
    private sealed class LateTimers : TimeProvider
    {
        public long Now { get; set; }

        public override long GetTimestamp() => Now;
    }

    private async Task TakesAsync(int bytes, TimeSpan time)
    {
        var taken = new TaskCompletionSource();
        var write = pace.RunAsync(bytes, token => new ValueTask(taken.Task.WaitAsync(token)), CancellationToken.None).AsTask();
        clock.Advance(time);
        taken.TrySetResult();
        await write;
    }
}
