using System.ComponentModel;
using System.Diagnostics;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Contract;

/// <summary>Runs what <c>tests/openapi/package.json</c> names, in a folder of its own below it.</summary>
internal sealed class NpmTools : IDisposable
{
    private const string Installing = "The npm packages of the contract tests are missing or out of date: run `npm ci --ignore-scripts` in tests/openapi (`./dev test` does).";

    private static readonly string Home = Path.Combine(Root(), "tests", "openapi");

    /// <exception cref="InvalidOperationException">The packages are not installed, or not those of the lock file.</exception>
    public NpmTools()
    {
        var (wanted, installed) = (Path.Combine(Home, "package-lock.json"), Path.Combine(Home, "node_modules", ".package-lock.json"));
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(wanted))
        {
            throw new InvalidOperationException(Installing);
        }

        // Below the packages, so that imports find them; "obj" is ignored by git.
        Folder = Directory.CreateDirectory(Path.Combine(Home, "obj", Path.GetRandomFileName())).FullName;
        foreach (var file in Directory.EnumerateFiles(Home).Where(file => Path.GetFileName(file) is "usage.ts" or "tsconfig.json" or ".spectral.yaml"))
        {
            File.Copy(file, PathOf(Path.GetFileName(file)));
        }
    }

    public string Folder { get; }

    /// <summary>The text of a file of <c>tests/openapi</c>.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Home, file));

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Runs a script with Node to its end.</summary>
    public async Task<ProcessResult> NodeAsync(string script, params string[] args)
    {
        var start = new ProcessStartInfo("node", [script, .. args]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NO_COLOR"] = "1";
        using var process = Start(start);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new(process.ExitCode, (await output).Trim(), (await error).Trim());
    }

    /// <summary>Runs the program of a package.</summary>
    public Task<ProcessResult> RunAsync(string program, params string[] args) => NodeAsync(Path.Combine(Home, "node_modules", program), args);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("Node was not found: install Node 20 or later (`./dev test` does).", missing);
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Onboarding.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
