using System.Net;
using System.Net.Sockets;

namespace Onboarding.Api.Development;

/// <summary>
/// A PostgreSQL server of our own, for development and tests, from the programs found on the machine. It listens on the
/// loopback address only, on a free port, and stops with this process, however that ends.
/// </summary>
public sealed partial class PrivatePostgres : IAsyncDisposable
{
    internal const string Loopback = "127.0.0.1";

    private const int Attempts = 10;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly PrivatePostgresOptions options;
    private readonly PostgresBinaries binaries;
    private readonly UnprivilegedUser user;
    private readonly PostgresDataDirectory data;
    private readonly FileStream exclusive;
    private PostgresProcess? server;

    private PrivatePostgres(
        PrivatePostgresOptions options, PostgresBinaries binaries, UnprivilegedUser user, PostgresDataDirectory data, FileStream exclusive) =>
        (this.options, this.binaries, this.user, this.data, this.exclusive) = (options, binaries, user, data, exclusive);

    /// <summary>Always <c>127.0.0.1</c>.</summary>
    public string Host => Loopback;

    /// <summary>Chosen at the start; a restart keeps it.</summary>
    public int Port { get; private set; }

    /// <summary>The folder in use: the one asked for, or another where the server's user cannot reach that.</summary>
    public string Directory => data.Cluster;

    /// <summary>What the server has written since the start.</summary>
    public string LogFile => data.Log;

    /// <summary>For the superuser <c>postgres</c> on the database <c>postgres</c>, in Npgsql's keywords.</summary>
    public string SuperuserConnectionString =>
        $"Host={Host};Port={Port};Username=postgres;Password={data.Password()};Database=postgres";

    /// <summary>Starts the cluster in the folder, and makes it first where there is none.</summary>
    /// <exception cref="PrivatePostgresException">No programs, another run is using the folder, or the server did not start.</exception>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, CancellationToken cancellationToken = default)
    {
        var wanted = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Directory));
        var anyBinaries = await PostgresBinaries.FindAsync(clusterVersion: null, cancellationToken);
        var user = await UnprivilegedUser.ForServerAsync(cancellationToken);
        var directory = await user.MakeDirectoryAsync(wanted, cancellationToken);
        if (directory != wanted)
        {
            LogMoved(options.Logger, wanted, directory);
        }

        var exclusive = await LockAsync(directory, cancellationToken);
        try
        {
            var data = new PostgresDataDirectory(directory, user);
            if (await data.StopStaleServerAsync(anyBinaries, cancellationToken))
            {
                LogStale(options.Logger, directory);
            }

            if (options.Reset)
            {
                data.DeleteAll();
            }

            var binaries = data.Version() is { } version ? await PostgresBinaries.FindAsync(version, cancellationToken) : anyBinaries;
            if (data.Version() is null)
            {
                LogInitializing(options.Logger, directory);
                await data.InitializeAsync(binaries, cancellationToken);
            }

            File.Delete(data.Log);
            var postgres = new PrivatePostgres(options, binaries, user, data, exclusive);
            await postgres.LaunchAsync(FreePort, cancellationToken);
            return postgres;
        }
        catch
        {
            await exclusive.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server and starts it again: same port, same data. For tests of what happens meanwhile.</summary>
    /// <param name="immediate">As if the server had crashed: no checkpoint, recovery at the start.</param>
    /// <param name="cancellationToken">Ends the wait for the start.</param>
    public async Task RestartAsync(bool immediate, CancellationToken cancellationToken = default)
    {
        await StopServerAsync(immediate);
        await LaunchAsync(() => Port, cancellationToken);
    }

    /// <summary>Ends the sessions and stops the server; under 5 s. The folder can be started again afterwards.</summary>
    public async Task StopAsync()
    {
        await StopServerAsync(immediate: false);
        await exclusive.DisposeAsync();
    }

    /// <inheritdoc cref="StopAsync"/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task LaunchAsync(Func<int> choosePort, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);

        for (var attempt = 1; ; attempt++)
        {
            Port = choosePort();
            data.Configure(options, Port);
            var logged = File.Exists(data.Log) ? new FileInfo(data.Log).Length : 0;
            server = PostgresProcess.Start(binaries, user, data);

            try
            {
                if (await server.WaitUntilReadyAsync(timeout.Token))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                await StopServerAsync(immediate: true);
                cancellationToken.ThrowIfCancellationRequested();
                throw Failed($"PostgreSQL was not ready after {StartTimeout.TotalSeconds} s.", logged);
            }

            await StopServerAsync(immediate: true);
            var log = LogSince(logged);

            // Between choosing a port and listening on it, somebody else may have taken it; and the last processes of a
            // killed server may still hold its memory for a moment.
            var passing = log.Contains("could not bind", StringComparison.Ordinal) || log.Contains("is still in use", StringComparison.Ordinal);
            if (!passing || attempt == Attempts)
            {
                throw Failed("PostgreSQL did not start.", logged);
            }

            await Task.Delay(RetryDelay, cancellationToken);
        }
    }

    private async Task StopServerAsync(bool immediate)
    {
        if (server is { } running)
        {
            server = null;
            await running.StopAsync(immediate);
            running.Dispose();
        }
    }

    private PrivatePostgresException Failed(string sentence, long loggedBefore) =>
        new($"{sentence} The end of {data.Log}:{Environment.NewLine}{string.Join(Environment.NewLine, LogSince(loggedBefore).Split('\n').TakeLast(20))}");

    private string LogSince(long offset)
    {
        if (!File.Exists(data.Log))
        {
            return "(empty)";
        }

        using var log = new StreamReader(new FileStream(data.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        log.BaseStream.Seek(offset, SeekOrigin.Begin);
        return log.ReadToEnd();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Parse(Loopback), 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Holds the folder for this process; the system lets go of it when the process ends. A predecessor gets time to finish.</summary>
    private static async Task<FileStream> LockAsync(string directory, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; ; waited += RetryDelay)
        {
            try
            {
                return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < LockTimeout)
            {
                await Task.Delay(RetryDelay, cancellationToken);
            }
            catch (IOException)
            {
                throw new PrivatePostgresException($"Another run is using the private PostgreSQL in {directory}: stop it first.");
            }
            catch (UnauthorizedAccessException)
            {
                throw new PrivatePostgresException($"The private PostgreSQL in {directory} belongs to another user: start as that user, or delete the folder.");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Making a private PostgreSQL cluster in {Directory}")]
    private static partial void LogInitializing(ILogger logger, string directory);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL does not run as root, and its user cannot reach {Wanted}: the private cluster is in {Directory}")]
    private static partial void LogMoved(ILogger logger, string wanted, string directory);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped a PostgreSQL server that an earlier run had left behind in {Directory}")]
    private static partial void LogStale(ILogger logger, string directory);
}
