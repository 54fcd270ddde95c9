using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;

namespace Onboarding.Bench
{
    /// <summary>What the product's process holds after everything that could be collected was.</summary>
    /// <param name="Heap">Managed objects, in bytes.</param>
    /// <param name="Resident">Memory of the process, in bytes.</param>
    internal sealed record Held(long Heap, long Resident);

    /// <summary>Looks into the product's process, which nothing outside it can: a start-up hook of the runtime answers.</summary>
    internal sealed class BenchProbe
    {
        /// <summary>Names the pipe on which the hook answers.</summary>
        public const string Variable = "ONBOARDING_BENCH_PROBE";

        private readonly string pipe = $"onboarding-bench-{Environment.ProcessId}-{Path.GetRandomFileName()}";

        /// <summary>Settings with which the product has to be started.</summary>
        public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(BenchProbe).Assembly.Location,
            [Variable] = pipe,
        };

        /// <summary>Has the process collect, and asks what is left.</summary>
        public async Task<Held> AskAsync()
        {
            await using var client = new NamedPipeClientStream(".", pipe, PipeDirection.In, PipeOptions.Asynchronous);
            await client.ConnectAsync();
            using var reader = new StreamReader(client);
            var answer = (await reader.ReadToEndAsync()).Split(' ');
            return new(long.Parse(answer[0], CultureInfo.InvariantCulture), long.Parse(answer[1], CultureInfo.InvariantCulture));
        }
    }
}

/// <summary>Runs inside the product's process before its own code: the runtime looks for exactly this name.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Onboarding.Bench.BenchProbe.Variable) is { } pipe)
        {
            new Thread(() => Answer(pipe)) { IsBackground = true }.Start();
        }
    }

    private static void Answer(string pipe)
    {
        while (true)
        {
            using var server = new NamedPipeServerStream(pipe, PipeDirection.Out);
            server.WaitForConnection();
            for (var i = 0; i < 3; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }

            using var self = Process.GetCurrentProcess();
            using var writer = new StreamWriter(server);
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalMemory(forceFullCollection: true)} {self.WorkingSet64}"));
        }
    }
}
