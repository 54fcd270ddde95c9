namespace Onboarding.Bench;

/// <summary>One requirement and how it is measured. A new one is a file in <c>Benchmarks/</c>, and nothing else.</summary>
internal abstract class Benchmark
{
    /// <summary>The requirement, such as <c>PERF-1</c>.</summary>
    public abstract string Id { get; }

    /// <summary>What <c>./dev bench</c> calls it.</summary>
    public abstract string Name { get; }

    /// <summary>What is compared with what.</summary>
    public abstract string What { get; }

    /// <summary>Measures, and adds a row per target to the report.</summary>
    public abstract Task RunAsync(BenchEnvironment environment, BenchReport report);

    /// <summary>What it compares with, where that is a server: runs in a process of its own, configured by the environment.</summary>
    public virtual Task ServeAsync(string[] args) => throw new NotSupportedException($"{Name} has no server of its own.");

    /// <summary>All there are, by requirement.</summary>
    public static IReadOnlyList<Benchmark> All() => [.. typeof(Benchmark).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(Benchmark)) && !type.IsAbstract)
        .Select(type => (Benchmark)Activator.CreateInstance(type)!)
        .OrderBy(benchmark => benchmark.Id[..benchmark.Id.IndexOf('-')], StringComparer.Ordinal)
        .ThenBy(benchmark => int.Parse(benchmark.Id.AsSpan(benchmark.Id.IndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture))
        .ThenBy(benchmark => benchmark.Name, StringComparer.Ordinal)];
}
