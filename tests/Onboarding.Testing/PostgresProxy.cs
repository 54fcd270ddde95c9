using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Onboarding.Testing;

/// <summary>What becomes of the COMMIT that a proxy waits for.</summary>
public enum CommitFate
{
    /// <summary>It never reaches the server; the connection is cut.</summary>
    CutBefore,

    /// <summary>The server has done it; its answer is lost and the connection cut.</summary>
    CutAfter,

    /// <summary>It never reaches the server; the client hears 57P01, as from a server that shuts down.</summary>
    ShutdownBefore,

    /// <summary>The server has done it; the client hears 57P01.</summary>
    ShutdownAfter,

    /// <summary>It never reaches the server; the client waits until the proxy goes down.</summary>
    SilenceBefore,

    /// <summary>The server has done it; the client waits for the answer until the proxy goes down.</summary>
    SilenceAfter,
}

/// <summary>Stands between a product and its PostgreSQL, and knows just enough of the protocol to take hold of one COMMIT.</summary>
/// <remarks>Frames of the client: a startup packet without a type, then type, length, body (PostgreSQL manual, 54.7).</remarks>
public sealed class PostgresProxy : IAsyncDisposable
{
    private static readonly byte[] Commit = Encoding.ASCII.GetBytes("COMMIT");

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<TcpClient, byte> open = [];
    private readonly string target;
    private readonly int targetPort;
    private byte[] marker = [];
    private CommitFate? fate;
    private TaskCompletionSource met = new();
    private int marked;

    private PostgresProxy(NpgsqlConnectionStringBuilder server)
    {
        (target, targetPort) = (server.Host!, server.Port);
        listener.Start();

        // Unencrypted, so that frames can be read.
        ConnectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString)
        {
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        }.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>Leads through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>Whether connections are cut, and new ones refused, as if the server were gone.</summary>
    public bool IsDown { get; private set; }

    /// <summary>How many transactions that carried the marker have come to their COMMIT.</summary>
    public int Marked => Volatile.Read(ref marked);

    /// <summary>Starts one in front of the server that a connection string names.</summary>
    public static PostgresProxy Start(string connectionString) => new(new(connectionString));

    /// <summary>Takes hold of the next COMMIT of a transaction that carried these bytes.</summary>
    /// <returns>Completes once that has happened.</returns>
    public Task OnCommitOf(byte[] bytes, CommitFate what)
    {
        marker = bytes;
        met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref marked, 0);
        fate = what;
        return met.Task;
    }

    /// <inheritdoc cref="OnCommitOf(byte[], CommitFate)"/>
    public Task OnCommitOf(string text, CommitFate what) => OnCommitOf(Encoding.UTF8.GetBytes(text), what);

    /// <summary>Cuts everything and refuses what comes, until <see cref="Up"/>.</summary>
    public void Down()
    {
        IsDown = true;
        foreach (var client in open.Keys)
        {
            client.Dispose();
        }
    }

    /// <summary>Lets connections through again.</summary>
    public void Up() => IsDown = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        Down();
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using var ended = new CancellationTokenSource();
        open[client] = 0;
        try
        {
            if (!IsDown)
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(target, targetPort);
                var answers = new Answers(server.GetStream(), client.GetStream());
                await await Task.WhenAny(answers.PumpAsync(ended.Token), RequestsAsync(client.GetStream(), server.GetStream(), answers));
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone; so is the other now.
        }
        finally
        {
            await ended.CancelAsync();
            open.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private async Task RequestsAsync(NetworkStream client, NetworkStream server, Answers answers)
    {
        var carries = false;
        await server.WriteAsync(await FrameAsync(client, typed: false));
        while (true)
        {
            var frame = await FrameAsync(client, typed: true);
            var isCommit = frame[0] == 'Q' && frame.AsSpan(5).StartsWith(Commit);
            carries |= marker.Length > 0 && frame.AsSpan().IndexOf(marker) >= 0;
            if (!isCommit || !carries)
            {
                await server.WriteAsync(frame);
                continue;
            }

            carries = false;
            Interlocked.Increment(ref marked);
            if (fate is not { } what)
            {
                await server.WriteAsync(frame);
                continue;
            }

            fate = null;
            answers.Hold();
            if (what is CommitFate.CutAfter or CommitFate.ShutdownAfter or CommitFate.SilenceAfter)
            {
                await server.WriteAsync(frame);
                await answers.Held;
            }

            if (what is CommitFate.ShutdownBefore or CommitFate.ShutdownAfter)
            {
                await client.WriteAsync(Shutdown());
            }

            met.SetResult();
            if (what is not (CommitFate.SilenceBefore or CommitFate.SilenceAfter))
            {
                return;
            }

            await Task.Delay(Timeout.Infinite, stopping.Token);
        }
    }

    private static async Task<byte[]> FrameAsync(NetworkStream from, bool typed)
    {
        var head = new byte[typed ? 5 : 4];
        await from.ReadExactlyAsync(head);
        var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(typed ? 1 : 0));
        var frame = new byte[head.Length + length - 4];
        head.CopyTo(frame, 0);
        await from.ReadExactlyAsync(frame.AsMemory(head.Length));
        return frame;
    }

    // ErrorResponse: 'E', length, fields of a letter and a string that ends in zero, a zero.
    private static byte[] Shutdown()
    {
        var fields = Encoding.ASCII.GetBytes("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0");
        var frame = new byte[5 + fields.Length];
        frame[0] = (byte)'E';
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), 4 + fields.Length);
        fields.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>Passes the server's bytes on, until they are to be held back.</summary>
    private sealed class Answers(NetworkStream server, NetworkStream client)
    {
        private readonly TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool hold;

        /// <summary>Completes when the first bytes have been held back.</summary>
        public Task Held => held.Task;

        public void Hold() => hold = true;

        public async Task PumpAsync(CancellationToken ended)
        {
            var buffer = new byte[16 * 1024];
            while (await server.ReadAsync(buffer, ended) is > 0 and var count)
            {
                if (hold)
                {
                    held.TrySetResult();
                }
                else
                {
                    await client.WriteAsync(buffer.AsMemory(0, count), ended);
                }
            }

            if (hold)
            {
                // The server is gone, and the client does not hear of that either.
                await Task.Delay(Timeout.Infinite, ended);
            }
        }
    }
}
