using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Onboarding.Testing;

/// <summary>What a process that has ended left behind.</summary>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ProcessResult(int ExitCode, string Output, string Error);

/// <summary>The built product as a process of its own: what a test can kill.</summary>
public sealed class ApiProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();
    private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ApiProcess(Process process) => this.process = process;

    /// <summary>The program that is started: that which the tests were built with, unless set.</summary>
    public static string Product { get; set; } = typeof(Program).Assembly.Location;

    /// <summary>Its address; known once it listens.</summary>
    public Uri Address => address.Task.Result;

    /// <summary>Its process id.</summary>
    public int Id => process.Id;

    /// <summary>Whether it has ended, however.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>What it has printed and logged so far.</summary>
    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Starts a node in Production on a free port, and returns once it serves.</summary>
    public static Task<ApiProcess> StartAsync(TestDatabase database, TestSmtpServer smtp, IReadOnlyDictionary<string, string?>? overrides = null) =>
        StartAsync(Merge(TestApp.SettingsFor(database, smtp), overrides), "Production", directory: null);

    /// <summary>Starts it with nothing but these settings, and returns once it serves.</summary>
    /// <param name="directory">Where it runs; null for the folder of its program.</param>
    public static async Task<ApiProcess> StartAsync(IReadOnlyDictionary<string, string?> settings, string environment, string? directory, params string[] args)
    {
        var api = Launch(Product, settings, environment, directory, ["--urls", "http://127.0.0.1:0", .. args], input: null);
        await api.ListeningAsync();
        return api;
    }

    /// <summary>Waits until it serves; fails with what it has said when it ends instead.</summary>
    public async Task ListeningAsync()
    {
        if (await Task.WhenAny(address.Task, process.WaitForExitAsync()) != address.Task)
        {
            var result = await EndedAsync();
            throw new InvalidOperationException($"The program ended with exit code {result.ExitCode}:\n{result.Output}\n{result.Error}");
        }
    }

    /// <summary>Runs it to its end, as a command or a start that must fail. The environment is Production.</summary>
    /// <param name="input">What it reads on standard input.</param>
    public static async Task<ProcessResult> RunAsync(IReadOnlyDictionary<string, string?> settings, string[] args, string? input = null)
    {
        await using var api = Launch(Product, settings, "Production", directory: null, args, input);
        return await api.EndedAsync();
    }

    /// <summary>Starts another program of the suite, which lies beside the tests.</summary>
    public static ApiProcess Launch(string program, IReadOnlyDictionary<string, string?> settings, params string[] args) =>
        Launch(Path.Combine(AppContext.BaseDirectory, program), settings, "Production", directory: null, args, input: null);

    /// <summary>A client of the bare base domain, or of an organization's host.</summary>
    public HttpClient ClientFor(string? identifier)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }) { BaseAddress = Address };
        client.DefaultRequestHeaders.Host = identifier is null ? "localhost" : $"{identifier}.localhost";
        return client;
    }

    /// <summary><c>kill -9</c>: no handler runs, nothing is finished.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as an orchestrator stops a node; fails when it has not ended in time.</summary>
    public async Task<ProcessResult> TerminateAsync(TimeSpan within)
    {
        using (var kill = Process.Start("kill", ["-s", "TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        return await EndedAsync().WaitAsync(within);
    }

    /// <summary>Waits for its end.</summary>
    public async Task<ProcessResult> EndedAsync()
    {
        await process.WaitForExitAsync();
        lock (output)
        {
            return new(process.ExitCode, output.ToString(), error.ToString());
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private static Dictionary<string, string?> Merge(Dictionary<string, string?> settings, IReadOnlyDictionary<string, string?>? overrides)
    {
        foreach (var (key, value) in overrides ?? new Dictionary<string, string?>())
        {
            settings[key] = value;
        }

        return settings;
    }

    /// <summary>How a program of .NET is started here, with no settings at all.</summary>
    internal static ProcessStartInfo StartInfo(string program, string environment, string? directory = null, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. args])
        {
            WorkingDirectory = directory ?? Path.GetDirectoryName(program)!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Settings of whoever runs the suite are not the test's.
        foreach (var inherited in start.Environment.Keys.Where(key => key.Contains("__", StringComparison.Ordinal) || key is "ASPNETCORE_URLS").ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        start.Environment["DOTNET_ENVIRONMENT"] = environment;

        // These processes live for seconds: what they would learn about hot paths never pays, and few paths are hot at all.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCountThreshold"] = "12C"; // hexadecimal
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return start;
    }

    private static ApiProcess Launch(string program, IReadOnlyDictionary<string, string?> settings, string environment, string? directory, string[] args, string? input)
    {
        var start = StartInfo(program, environment, directory, args);
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var api = new ApiProcess(new Process { StartInfo = start });
        api.process.OutputDataReceived += (_, line) => api.Read(api.output, line.Data);
        api.process.ErrorDataReceived += (_, line) => api.Read(api.error, line.Data);
        api.process.Start();
        api.process.BeginOutputReadLine();
        api.process.BeginErrorReadLine();
        api.process.StandardInput.Write(input);
        api.process.StandardInput.Close();
        return api;
    }

    private void Read(StringBuilder to, string? line)
    {
        lock (output)
        {
            to.AppendLine(line);
        }

        if (line?.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
        {
            address.TrySetResult(new Uri(line[(at + Listening.Length)..].Trim()));
        }
    }
}
