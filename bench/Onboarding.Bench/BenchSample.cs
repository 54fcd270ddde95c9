namespace Onboarding.Bench;

/// <summary>Latencies in milliseconds.</summary>
internal sealed record Percentiles(double P50, double P95, double P99)
{
    /// <summary>Of these latencies, in microseconds; they are sorted in place.</summary>
    public static Percentiles Of(int[] microseconds)
    {
        Array.Sort(microseconds);
        return new(At(microseconds, .50), At(microseconds, .95), At(microseconds, .99));
    }

    private static double At(int[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))] / 1000.0;
}

/// <summary>What one round measured.</summary>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Unit">Such as <c>/s</c>, <c>ms</c> or <c>KiB</c>.</param>
/// <param name="Errors">Answers other than the expected one, and broken connections.</param>
/// <param name="Requests">How many the round had.</param>
/// <param name="CpuPerRequest">Processor time of server and PostgreSQL together, in microseconds; null where it is not known.</param>
/// <param name="ClientShare">How much of the machine the load generator itself took, 0 to 1; null where there is none.</param>
internal sealed record Sample(
    double Value, string Unit, Percentiles? Latency = null, long Errors = 0, double? ClientShare = null, long Requests = 0, double? CpuPerRequest = null)
{
    /// <summary>The median of each figure over the rounds; errors are added up.</summary>
    public static Sample MedianOf(IReadOnlyList<Sample> rounds) => new(
        Median(rounds.Select(round => round.Value)),
        rounds[0].Unit,
        rounds[0].Latency is null ? null : new(
            Median(rounds.Select(round => round.Latency!.P50)),
            Median(rounds.Select(round => round.Latency!.P95)),
            Median(rounds.Select(round => round.Latency!.P99))),
        rounds.Sum(round => round.Errors),
        MedianOf(rounds, round => round.ClientShare),
        rounds.Sum(round => round.Requests),
        MedianOf(rounds, round => round.CpuPerRequest));

    private static double? MedianOf(IReadOnlyList<Sample> rounds, Func<Sample, double?> of) =>
        rounds.Any(round => of(round) is null) ? null : Median(rounds.Select(round => of(round)!.Value));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
