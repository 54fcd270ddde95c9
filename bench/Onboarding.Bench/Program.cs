using System.Globalization;
using Onboarding.Testing;

namespace Onboarding.Bench;

/// <summary><c>./dev bench [name]</c>: runs the benchmarks, or one of them, and reports.</summary>
internal static class Program
{
    // Internal: the same program as a process of its own, for what a benchmark compares with.
    internal const string Serve = "serve";

    public static async Task<int> Main(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        var all = Benchmark.All();
        switch (args)
        {
            case []:
                return await RunAsync(all);
            case [Serve, var name, .. var rest] when all.FirstOrDefault(benchmark => benchmark.Name == name) is { } benchmark:
                await benchmark.ServeAsync(rest);
                return 0;
            case [var name] when all.FirstOrDefault(benchmark => benchmark.Name == name) is { } benchmark:
                return await RunAsync([benchmark]);
            default:
                await Console.Error.WriteLineAsync("usage: ./dev bench [name]");
                foreach (var benchmark in all)
                {
                    await Console.Error.WriteLineAsync($"  {benchmark.Name,-13} {benchmark.Id,-8} {benchmark.What}");
                }

                return 2;
        }
    }

    private static async Task<int> RunAsync(IReadOnlyList<Benchmark> benchmarks)
    {
        ApiProcess.Product = Path.GetFullPath(Path.Combine("artifacts", "api", "Onboarding.Api.dll"));
        if (!File.Exists(ApiProcess.Product))
        {
            await Console.Error.WriteLineAsync("The product is not published yet: ./dev bench does that.");
            return 2;
        }

        await using var environment = await BenchEnvironment.StartAsync();
        var report = await BenchReport.StartAsync(environment.Postgres);
        foreach (var benchmark in benchmarks)
        {
            report.Progress($"{benchmark.Id} {benchmark.Name}: {benchmark.What}");
            try
            {
                await benchmark.RunAsync(environment, report);
            }
            catch (Exception exception)
            {
                // The figures of the others are worth having all the same.
                report.Failed(benchmark, exception);
            }
        }

        await report.WriteAsync(Path.Combine("artifacts", "bench.json"));
        return report.HasFailed ? 1 : 0;
    }
}
