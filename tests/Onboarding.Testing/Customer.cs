using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Onboarding.Testing;

/// <summary>One received webhook to be verified; see <c>tests/webhooks/verify.js</c>.</summary>
public sealed record Verification(string By, string Secret, IReadOnlyDictionary<string, string> Headers, byte[] Body, long Now);

/// <summary>A customer in Node, with the libraries that <c>tests/webhooks/package.json</c> names.</summary>
public static class Customer
{
    /// <summary>Where its programs and libraries are.</summary>
    public static readonly string Home = Path.Combine(Root(), "tests", "webhooks");
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    /// <summary>Verifies all of them in one run.</summary>
    /// <returns>For each <c>verified</c>, or why not.</returns>
    public static async Task<string[]> VerifyAsync(params Verification[] cases)
    {
        await Installed.Value;
        return JsonSerializer.Deserialize<string[]>(await RunAsync("node", ["verify.js"], JsonSerializer.Serialize(cases, Json)))!;
    }

    // `./dev test` has done so already; `dotnet test` alone has not.
    private static async Task InstallAsync()
    {
        var (wanted, installed) = (Path.Combine(Home, "package-lock.json"), Path.Combine(Home, "node_modules", ".package-lock.json"));
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(wanted))
        {
            await RunAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        }
    }

    /// <summary>Runs a program of the tests', with the libraries at hand.</summary>
    public static async Task<string> NodeAsync(string file, string input)
    {
        await Installed.Value;
        return await RunAsync("node", [file], input);
    }

    /// <summary>Runs a program; returns what it printed.</summary>
    public static async Task<string> RunAsync(string program, string[] args, string input = "")
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = Home, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        // Some tests set a proxy for their whole process; npm and the libraries are not what they are about.
        foreach (var name in start.Environment.Keys.Where(key => key.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using var process = Start(start);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program} {args[0]}: {await error}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{start.FileName} was not found: install Node 20 or later and Python 3 (`./dev test` does).", missing);
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
