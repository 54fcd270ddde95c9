namespace Onboarding.Bench;

/// <summary>Rounds of several variants in turn: A B A B A B. What drifts on the machine meanwhile hits all of them alike.</summary>
internal sealed class BenchRounds
{
    /// <summary>The fewest that a median is taken of.</summary>
    public const int Count = 3;

    private const int MostToWarmUp = 10;
    private const double Growing = 1.05;

    private readonly IReadOnlyList<IReadOnlyList<Sample>> variants;

    private BenchRounds(IReadOnlyList<IReadOnlyList<Sample>> variants) => this.variants = variants;

    /// <summary>Runs all variants, <see cref="Count"/> times in turn.</summary>
    public static async Task<BenchRounds> RunAsync(params IReadOnlyList<Func<Task<Sample>>> variants)
    {
        var samples = variants.Select(_ => new List<Sample>()).ToList();
        for (var round = 0; round < Count; round++)
        {
            for (var variant = 0; variant < variants.Count; variant++)
            {
                samples[variant].Add(await variants[variant]());
            }
        }

        return new(samples);
    }

    /// <summary>Runs each variant until its rate no longer grows: the runtime compiles hot code anew for the first minutes' worth of requests.</summary>
    public static async Task WarmUpAsync(params IReadOnlyList<Func<Task<Sample>>> variants)
    {
        foreach (var variant in variants)
        {
            var best = (await variant()).Value;
            for (int calm = 0, round = 1; calm < 2 && round < MostToWarmUp; round++)
            {
                var rate = (await variant()).Value;
                calm = rate > best * Growing ? 0 : calm + 1;
                best = Math.Max(best, rate);
            }
        }
    }

    /// <summary>The median of a variant.</summary>
    public Sample this[int variant] => Sample.MedianOf(variants[variant]);

    /// <summary>Median of the ratios of neighbours: each round of one variant by the same round of the other.</summary>
    public double Ratio(int variant, int baseline, Func<Sample, double>? of = null) => Sample.Median(
        variants[variant].Zip(variants[baseline], (one, other) => (of ?? Value)(one) / (of ?? Value)(other)));

    private static double Value(Sample sample) => sample.Value;
}
