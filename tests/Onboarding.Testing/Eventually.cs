using System.Diagnostics;

namespace Onboarding.Testing;

/// <summary>Waits for a condition that is read over a connection, so that every look costs a round trip and no sleep is needed.</summary>
public static class Eventually
{
    /// <summary>
    /// Where the requirements give another node two seconds: a notification takes milliseconds, and what makes up for a lost one takes
    /// longer than this. The rest is room for a busy machine.
    /// </summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(8);

    /// <summary>Looks until it holds; fails after a minute by default, which a busy machine can need. Returns how long it took.</summary>
    public static async Task<TimeSpan> HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var started = Stopwatch.GetTimestamp();
        var limit = within ?? TimeSpan.FromMinutes(1);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"Within {limit.TotalSeconds:0.#} s this did not come true: {what}");
            }
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
