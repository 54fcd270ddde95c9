using System.Diagnostics;
using System.Text.Json;

namespace Onboarding.Testing;

/// <summary>
/// The product's commands, one after the other in one process that stays (<c>tests/Onboarding.Commands</c>): a process for
/// each takes two seconds of a processor, nearly all of it for the runtime's start. What must be a process is one of <see cref="ApiProcess"/>.
/// </summary>
public static class ProductCommands
{
    private static readonly SemaphoreSlim One = new(1);
    private static Process? host;

    /// <summary>Runs a command to its end, in Production.</summary>
    /// <param name="input">What it reads on standard input.</param>
    public static async Task<ProcessResult> RunAsync(IReadOnlyDictionary<string, string?> settings, string[] args, string? input = null)
    {
        await One.WaitAsync();
        try
        {
            host ??= Start();
            await host.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { Settings = settings, Args = args, Input = input }));
            await host.StandardInput.FlushAsync();
            return JsonSerializer.Deserialize<ProcessResult>(await host.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process of the commands has ended."))!;
        }
        catch
        {
            // One command that ends it is one test's failure.
            host?.Dispose();
            host = null;
            throw;
        }
        finally
        {
            One.Release();
        }
    }

    // It ends with this process, which holds the other end of its input.
    private static Process Start() => Process.Start(ApiProcess.StartInfo(Path.Combine(AppContext.BaseDirectory, "Onboarding.Commands.dll"), "Production"))!;
}
