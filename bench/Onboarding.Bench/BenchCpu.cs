using System.Globalization;
using Npgsql;

namespace Onboarding.Bench;

/// <summary>
/// Processor time of PostgreSQL and of one server: what a request costs, whatever else the machine is doing. On Linux;
/// elsewhere nothing is known.
/// </summary>
internal sealed class BenchCpu
{
    // Field numbers of proc(5), counted from the state, which follows the name in brackets.
    private const int Parent = 1;
    private const int User = 11;
    private const int System = 12;
    private const int ChildrenUser = 13;
    private const int ChildrenSystem = 14;

    // USER_HZ, the same on every Linux that .NET runs on.
    private const double MicrosecondsPerTick = 10_000;

    private readonly int? postmaster;

    private BenchCpu(int? postmaster) => this.postmaster = postmaster;

    /// <summary>Finds the server's processes by one of them.</summary>
    public static async Task<BenchCpu> FindAsync(NpgsqlDataSource postgres)
    {
        await using var command = postgres.CreateCommand("SELECT pg_backend_pid()");
        var backend = (int)(await command.ExecuteScalarAsync())!;
        return new(Fields(backend) is { } fields ? int.Parse(fields[Parent], CultureInfo.InvariantCulture) : null);
    }

    /// <summary>Measures how much PostgreSQL and this process worked meanwhile, for each request.</summary>
    public async Task<Sample> MeasureAsync(int process, Func<Task<Sample>> run)
    {
        var before = Read(process);
        var sample = await run();
        return sample with { CpuPerRequest = (Read(process) - before) / sample.Requests };
    }

    /// <summary>In microseconds.</summary>
    private double? Read(int process)
    {
        if (postmaster is not { } server || Fields(process) is not { } own || Fields(server) is not { } parent)
        {
            return null;
        }

        // Those that have ended count with their parent.
        var ticks = Ticks(own, User) + Ticks(own, System) + Ticks(parent, User) + Ticks(parent, System) + Ticks(parent, ChildrenUser) + Ticks(parent, ChildrenSystem);
        var children = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? Fields(id) : null)
            .Where(fields => fields is not null && int.Parse(fields[Parent], CultureInfo.InvariantCulture) == server);
        return (ticks + children.Sum(fields => Ticks(fields!, User) + Ticks(fields!, System))) * MicrosecondsPerTick;
    }

    private static long Ticks(string[] fields, int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);

    private static string[]? Fields(int process)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{process}/stat");
            return line[(line.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
