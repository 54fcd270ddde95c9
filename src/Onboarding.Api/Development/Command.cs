using System.Diagnostics;

namespace Onboarding.Api.Development;

/// <summary>Runs a program to its end. Arguments are a list, never a line, so nothing needs quoting.</summary>
internal static class Command
{
    /// <returns>The exit code, and standard output followed by standard error.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        IReadOnlyList<string> commandLine, string workingDirectory, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(commandLine[0], commandLine.Skip(1))
            {
                WorkingDirectory = workingDirectory,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["LC_ALL"] = "C" },
            },
        };
        process.Start();
        process.StandardInput.Close();

        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>The full path of a program in PATH or the system folders, or null.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(["/usr/bin", "/bin", "/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
