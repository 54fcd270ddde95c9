using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>A PgBouncer in transaction mode with one server connection for everybody.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly Process process;
    private readonly string directory;

    private PgBouncer(Process process, string directory, int port) => (this.process, this.directory, Port) = (process, directory, port);

    public int Port { get; }

    /// <summary>Starts it in front of the server on <paramref name="serverPort"/>; fails where it is not installed, and never skips.</summary>
    public static async Task<PgBouncer> StartAsync(int serverPort, string user, string password)
    {
        var binary = Find("pgbouncer");
        Assert.True(binary is not null, "PgBouncer is missing: install the package pgbouncer (`./dev test` does).");

        var directory = Directory.CreateTempSubdirectory("onboarding-pgbouncer-").FullName;
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(directory, "users.txt"), $"\"{user}\" \"{password}\"\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "pgbouncer.ini"), $"""
            [databases]
            * = host=127.0.0.1 port={serverPort}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {directory}/users.txt
            pool_mode = transaction
            default_pool_size = 1
            max_client_conn = 200
            ignore_startup_parameters = extra_float_digits,search_path
            """);
        var start = new ProcessStartInfo { WorkingDirectory = "/", RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var part in CommandLine(binary, directory))
        {
            start.ArgumentList.Add(part);
        }

        start.FileName = start.ArgumentList[0];
        start.ArgumentList.RemoveAt(0);
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var pooler = new PgBouncer(process, directory, port);
        await pooler.AnswersAsync();
        return pooler;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    // It refuses to run as root, as PostgreSQL does.
    private static IEnumerable<string> CommandLine(string binary, string directory)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return [binary, $"{directory}/pgbouncer.ini"];
        }

        var setpriv = Find("setpriv");
        Assert.NotNull(setpriv);
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", binary, $"{directory}/pgbouncer.ini"];
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private async Task AnswersAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port, patience.Token);
                return;
            }
            catch (SocketException) when (!process.HasExited && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
