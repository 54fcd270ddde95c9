using System.Reflection;
using System.Text.Json;
using Spectre.Console;

namespace Onboarding.Commands;

/// <summary>
/// Commands of the product, one after the other in one process, each through the product's own entry point: most of what a
/// command takes is the runtime's start. A line of JSON in is a command, a line out what became of it; it ends with its input.
/// </summary>
internal static class Host
{
    private static readonly MethodInfo Product = typeof(global::Program).Assembly.EntryPoint!;

    private static async Task Main()
    {
        using var requests = new StreamReader(Console.OpenStandardInput());
        await using var answers = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        while (await requests.ReadLineAsync() is { } line)
        {
            await answers.WriteLineAsync(JsonSerializer.Serialize(Run(JsonSerializer.Deserialize<Request>(line)!)));
        }
    }

    private static Answer Run(Request request)
    {
        // Settings are the environment, as for any process, and nobody else's are.
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.Contains("__", StringComparison.Ordinal)))
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        foreach (var (name, value) in request.Settings)
        {
            Environment.SetEnvironmentVariable(name.Replace(":", "__", StringComparison.Ordinal), value);
        }

        using var input = new StringReader(request.Input ?? "");
        using var output = new StringWriter();
        using var error = new StringWriter();
        Console.SetIn(input);
        Console.SetOut(output);
        Console.SetError(error);
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(Console.Out) });
        var exitCode = (int)Product.Invoke(null, [request.Args])!;
        return new(exitCode, output.ToString(), error.ToString());
    }

    private sealed record Request(Dictionary<string, string?> Settings, string[] Args, string? Input);

    private sealed record Answer(int ExitCode, string Output, string Error);
}
