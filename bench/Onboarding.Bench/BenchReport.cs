using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;

namespace Onboarding.Bench;

/// <summary>What a figure has to reach.</summary>
/// <param name="AtLeast">True: not less than the limit. False: not more.</param>
internal sealed record Target(bool AtLeast, double Limit)
{
    public static Target Min(double limit) => new(true, limit);

    public static Target Max(double limit) => new(false, limit);

    public bool IsMet(double value) => AtLeast ? value >= Limit : value <= Limit;

    public override string ToString() => $"{(AtLeast ? ">=" : "<=")} {Limit.ToString("0.##", CultureInfo.InvariantCulture)}";
}

/// <summary>One line of the report.</summary>
/// <param name="Ratio">To the baseline of the same run; null for the few figures that are absolute by their nature.</param>
/// <param name="Value">What the target is about: the ratio, or the absolute figure.</param>
/// <param name="Target">Null for a line that only explains the others.</param>
internal sealed record Row(string Id, string Name, string What, double? Ratio, double Value, Target? Target, Sample Measured, Sample? Baseline)
{
    public bool? Met => Target?.IsMet(Value);
}

/// <summary>Collects the rows; prints them as a table and writes them as JSON.</summary>
internal sealed class BenchReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // of what failed there is no figure
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new TargetConverter() },
    };

    private readonly List<Row> rows = [];
    private readonly List<string> failures = [];
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly string postgresVersion;
    private readonly string? commit;
    private readonly string? loadAtStart = LoadAverage();

    private BenchReport(string postgresVersion, string? commit) => (this.postgresVersion, this.commit) = (postgresVersion, commit);

    /// <summary>Whether a benchmark ended without its figures.</summary>
    public bool HasFailed => failures.Count > 0;

    /// <summary>An empty report about this machine.</summary>
    public static async Task<BenchReport> StartAsync(NpgsqlDataSource postgres)
    {
        await using var command = postgres.CreateCommand("SHOW server_version");
        return new((string)(await command.ExecuteScalarAsync())!, await CommitAsync());
    }

    /// <summary>A ratio to a baseline, against its target.</summary>
    public void Ratio(Benchmark benchmark, string what, double ratio, Target? target, Sample measured, Sample baseline) =>
        rows.Add(new(benchmark.Id, benchmark.Name, what, ratio, ratio, target, measured, baseline));

    /// <summary>An absolute figure against its target, and what a baseline showed where there is one.</summary>
    public void Absolute(Benchmark benchmark, string what, Target? target, Sample measured, Sample? baseline = null) =>
        rows.Add(new(benchmark.Id, benchmark.Name, what, baseline is null ? null : measured.Value / baseline.Value, measured.Value, target, measured, baseline));

    /// <summary>Says what goes on; the table alone goes to standard output.</summary>
    public void Progress(string what) => Console.Error.WriteLine($"[{Stopwatch.GetElapsedTime(started).TotalSeconds,4:0} s] {what}");

    /// <summary>Notes a benchmark that could not be run to its end.</summary>
    public void Failed(Benchmark benchmark, Exception exception)
    {
        failures.Add($"{benchmark.Id} {benchmark.Name}: {exception.Message}");
        Console.Error.WriteLine(exception);
    }

    /// <summary>Prints the table and writes the file.</summary>
    public async Task WriteAsync(string file)
    {
        Console.WriteLine(Table());
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(
            new
            {
                Commit = commit,
                Cores = Environment.ProcessorCount,
                Postgresql = postgresVersion,
                Dotnet = Environment.Version.ToString(),
                Os = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
                LoadAverageAtStart = loadAtStart,
                LoadAverageAtEnd = LoadAverage(),
                Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds),
                Rows = rows,
                Failures = failures,
            },
            Json));
    }

    private string Table()
    {
        var table = new StringBuilder();
        table.AppendLine(CultureInfo.InvariantCulture, $"Commit {commit ?? "unknown"}, {Environment.ProcessorCount} cores shared with the load generator, PostgreSQL {postgresVersion}, .NET {Environment.Version}, load average {loadAtStart ?? "unknown"} before and {LoadAverage() ?? "unknown"} after, {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s.");
        table.AppendLine();
        table.AppendLine("| id | name | what | figure | target | met | measured | p50 / p95 / p99 ms | CPU µs | baseline | p50 / p95 / p99 ms | CPU µs | errors |");
        table.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"| {row.Id} | {row.Name} | {row.What} | {Figure(row)} | {row.Target} | {Met(row)} | {Value(row.Measured)} | {Latency(row.Measured)} | {Cpu(row.Measured)} | {Value(row.Baseline)} | {Latency(row.Baseline)} | {Cpu(row.Baseline)} | {row.Measured.Errors + (row.Baseline?.Errors ?? 0)} |");
        }

        foreach (var failure in failures)
        {
            table.AppendLine().Append("Failed: ").AppendLine(failure);
        }

        return table.ToString();
    }

    private static string Figure(Row row) => row.Ratio == row.Value ? $"{Number(row.Value)}x" : Value(row.Measured);

    private static string Met(Row row) => row.Met switch { true => "yes", false => "**no**", null => "" };

    private static string Value(Sample? sample) => sample is null ? "" : $"{Number(sample.Value)} {sample.Unit}";

    private static string Latency(Sample? sample) => sample?.Latency is { } latency
        ? $"{Number(latency.P50)} / {Number(latency.P95)} / {Number(latency.P99)}" : "";

    private static string Cpu(Sample? sample) => sample?.CpuPerRequest is { } cpu ? Number(cpu) : "";

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,0" : Math.Abs(value) >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static string? LoadAverage() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2)) : null;

    private static async Task<string?> CommitAsync()
    {
        try
        {
            var commit = await GitAsync("rev-parse", "--short", "HEAD");
            return await GitAsync("status", "--porcelain", "--untracked-files=no") is "" ? commit : $"{commit} and changes";
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task<string> GitAsync(params string[] args)
    {
        using var git = Process.Start(new ProcessStartInfo("git", args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return git.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException("This is no clone of a repository.");
    }

    private sealed class TargetConverter : System.Text.Json.Serialization.JsonConverter<Target>
    {
        public override Target Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Target value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
