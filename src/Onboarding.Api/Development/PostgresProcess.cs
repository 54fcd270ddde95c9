using System.Diagnostics;

namespace Onboarding.Api.Development;

/// <summary>One running server, bound to the life of this process: however this process ends, the server stops.</summary>
/// <remarks>
/// Windows has no watchdog: there <c>pg_ctl</c> starts and stops it (and gives up an administrator's rights, which
/// PostgreSQL refuses as it does root), and a server left behind by a killed process is stopped by the next start.
/// </remarks>
internal sealed class PostgresProcess : IDisposable
{
    /// <summary>
    /// Starts the server, passes on the signals named on standard input, and stops the server at the end of that input.
    /// Only this process holds the other end, so the kernel closes it even after <c>kill -9</c>. Ctrl-C in a terminal
    /// reaches a whole process group and must not reach the server, which the API needs until it has finished: so all
    /// this is a session of its own, and the shell ignores what still comes.
    /// </summary>
    private const string Watchdog = """
        log=$1; shift
        exec 3<&0 </dev/null >>"$log" 2>&1
        trap '' HUP INT TERM
        "$@" 3<&- &
        server=$!
        { while read -r signal <&3; do kill -s "$signal" "$server"; done; kill -s INT "$server"; } &
        watcher=$!
        exec 3<&-
        wait "$server"
        status=$?
        kill -s KILL "$watcher"
        exit "$status"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly Process process;
    private readonly PostgresDataDirectory data;
    private readonly PostgresBinaries binaries;

    private PostgresProcess(Process process, PostgresDataDirectory data, PostgresBinaries binaries) =>
        (this.process, this.data, this.binaries) = (process, data, binaries);

    public static PostgresProcess Start(PostgresBinaries binaries, UnprivilegedUser user, PostgresDataDirectory data)
    {
        string[] commandLine = OperatingSystem.IsWindows()
            ? [binaries.PgCtl, "start", "-w", "-s", "-D", data.Path, "-l", data.Log]
            : user.Run([.. OwnSession(), "/bin/sh", "-c", Watchdog, "sh", data.Log, binaries.Postgres, "-D", data.Path]);

        var process = new Process
        {
            StartInfo = new ProcessStartInfo(commandLine[0], commandLine.Skip(1))
            {
                WorkingDirectory = data.Cluster,
                RedirectStandardInput = true,
                Environment = { ["LC_ALL"] = "C" },
            },
        };
        process.Start();
        return new PostgresProcess(process, data, binaries);
    }

    /// <returns>Whether the server accepts connections; false when it has ended instead.</returns>
    public async Task<bool> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0;
        }

        while (!data.IsReady())
        {
            if (process.HasExited)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }

        return true;
    }

    /// <summary>Stops the server: sessions end, then a checkpoint; or immediately, with recovery at the next start.</summary>
    public async Task StopAsync(bool immediate)
    {
        if (OperatingSystem.IsWindows())
        {
            await Command.RunAsync(
                [binaries.PgCtl, "stop", "-w", "-s", "-D", data.Path, "-m", immediate ? "immediate" : "fast"], data.Cluster, CancellationToken.None);
            return;
        }

        if (await SignalAsync(immediate ? "QUIT" : "INT") || await SignalAsync("QUIT"))
        {
            return;
        }

        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    public void Dispose() => process.Dispose();

    /// <returns>Whether the server has ended since.</returns>
    private async Task<bool> SignalAsync(string signal)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(signal);
            await process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // The watchdog has ended already, and it ends only after the server.
        }

        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The command under which a program leads a session of its own. macOS has no setsid, but has Perl.</summary>
    private static string[] OwnSession()
    {
        if (Command.Find("setsid") is { } setsid)
        {
            return [setsid];
        }

        return Command.Find("perl") is { } perl ? [perl, "-MPOSIX", "-e", "setsid(); exec @ARGV or die $!;", "--"] : [];
    }
}
