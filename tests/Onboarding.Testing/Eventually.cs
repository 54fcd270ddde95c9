using System.Diagnostics;

namespace Onboarding.Testing;

/// <summary>Waits for a condition by looking again: soon at first, and then ever less often, so that who waits takes nothing from who is waited for.</summary>
public static class Eventually
{
    /// <summary>
    /// Where the requirements give another node two seconds: a notification takes milliseconds, and what makes up for a lost one takes
    /// longer than this. The rest is room for a busy machine.
    /// </summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks until it holds; fails after a minute by default, which a busy machine can need. Returns how long it took.</summary>
    public static async Task<TimeSpan> HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var started = Stopwatch.GetTimestamp();
        var limit = within ?? TimeSpan.FromMinutes(1);
        while (!await condition())
        {
            // A tenth longer than it had to take, at most.
            var elapsed = Stopwatch.GetElapsedTime(started);
            if (elapsed > limit)
            {
                throw new TimeoutException($"Within {limit.TotalSeconds:0.#} s this did not come true: {what}");
            }

            await Task.Delay(elapsed / 10 < Longest ? elapsed / 10 : Longest);
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
