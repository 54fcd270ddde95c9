using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Onboarding.Api.Development;

/// <summary>A cluster's files: made once, configured at each start, and the traces a running server leaves in them.</summary>
/// <param name="cluster">The folder that holds the data folder, the log and the superuser's password.</param>
/// <param name="user">Who runs the server, and so must own the files.</param>
internal sealed class PostgresDataDirectory(string cluster, UnprivilegedUser user)
{
    private static readonly string[] ShutdownModes = ["fast", "immediate"];

    public string Cluster { get; } = cluster;

    public string Path { get; } = System.IO.Path.Combine(cluster, "data");

    public string Log { get; } = System.IO.Path.Combine(cluster, "server.log");

    private string PasswordFile => System.IO.Path.Combine(Cluster, "superuser.password");

    private string PidFile => System.IO.Path.Combine(Path, "postmaster.pid");

    /// <summary>The major version that made the cluster; null where there is none yet.</summary>
    public int? Version()
    {
        var file = System.IO.Path.Combine(Path, "PG_VERSION");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    public string Password() => File.ReadAllText(PasswordFile);

    /// <summary>Makes the cluster. It gets its name last, so an interrupted attempt is not taken for a cluster.</summary>
    public async Task InitializeAsync(PostgresBinaries binaries, CancellationToken cancellationToken)
    {
        var unfinished = Path + ".new";
        Delete(unfinished);

        var password = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            password.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using (var file = new FileStream(PasswordFile, password))
        {
            await file.WriteAsync(Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(40, lowercase: true)), cancellationToken);
        }

        await user.GiveAsync(PasswordFile, cancellationToken);

        // Locale C is the one that every machine has and that sorts the same everywhere.
        var result = await Command.RunAsync(
            user.Run(
                binaries.InitDb, "-D", unfinished, "--username=postgres", $"--pwfile={PasswordFile}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            Cluster,
            cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new PrivatePostgresException($"initdb failed in {Cluster}.{Environment.NewLine}{result.Output}");
        }

        Directory.Move(unfinished, Path);
    }

    /// <summary>Writes <c>postgresql.conf</c> anew: what stands in it is what this start asked for.</summary>
    public void Configure(PrivatePostgresOptions options, int port)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = PrivatePostgres.Loopback,
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "",
            ["max_connections"] = options.MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["lc_messages"] = "C",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };

        if (OperatingSystem.IsWindows())
        {
            settings["dynamic_shared_memory_type"] = "windows";
        }

        if (!options.Durable)
        {
            settings["fsync"] = "off";
            settings["full_page_writes"] = "off";
            settings["synchronous_commit"] = "off";
        }

        foreach (var (name, value) in options.Settings)
        {
            settings[name] = value;
        }

        File.WriteAllLines(
            System.IO.Path.Combine(Path, "postgresql.conf"),
            settings.Select(setting => $"{setting.Key} = '{setting.Value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'"));
    }

    /// <summary>The server says on the last line of its pid file when it accepts connections.</summary>
    public bool IsReady() => ReadPidFile() is { Length: >= 8 } lines && lines[7].Trim() == "ready";

    /// <summary>Stops the server that a killed process may have left behind, and removes the pid file that a killed server leaves.</summary>
    /// <returns>Whether a server was still running.</returns>
    public async Task<bool> StopStaleServerAsync(PostgresBinaries binaries, CancellationToken cancellationToken)
    {
        var wasRunning = IsRunning();
        foreach (var mode in ShutdownModes.TakeWhile(_ => IsRunning()))
        {
            // Its watchdog may be stopping it at the same moment, so the exit code says nothing.
            await Command.RunAsync(
                user.Run(binaries.PgCtl, "stop", "-w", "-s", "-t", "10", "-D", Path, "-m", mode), Cluster, cancellationToken);
        }

        // Left in place it would pass for our own server's, and stop the server where its id belongs to another process now.
        if (File.Exists(PidFile))
        {
            File.Delete(PidFile);
        }

        return wasRunning;
    }

    public void DeleteAll()
    {
        Delete(Path);
        File.Delete(PasswordFile);
    }

    private bool IsRunning()
    {
        if (ReadPidFile() is not { Length: > 0 } lines || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            return process.ProcessName.StartsWith("postgres", StringComparison.Ordinal)
                && (!OperatingSystem.IsLinux() || Directory.ResolveLinkTarget($"/proc/{id}/cwd", returnFinalTarget: false)?.FullName == Path);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    /// <returns>Its lines, or null where there is none or the server is writing it.</returns>
    private string[]? ReadPidFile()
    {
        try
        {
            return File.ReadAllLines(PidFile);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
