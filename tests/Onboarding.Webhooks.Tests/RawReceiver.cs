using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Onboarding.Webhooks.Tests;

/// <summary>A receiver that behaves as no HTTP server would.</summary>
internal sealed partial class RawReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<NetworkStream, CancellationToken, Task> _behaviour;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="behaviour">What is done with each connection; it is closed afterwards.</param>
    /// <param name="everywhere">Listens on all of this machine's addresses, and not on 127.0.0.1 alone.</param>
    public RawReceiver(Func<NetworkStream, CancellationToken, Task> behaviour, bool everywhere = false)
    {
        _behaviour = behaviour;
        // Create listens on IPv4 and IPv6, on all of this machine's addresses.
        _listener = everywhere ? TcpListener.Create(0) : new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>So many connections have been made to it.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Sent once an exchange: the head of an answer, and then <paramref name="part"/> for ever.</summary>
    public static RawReceiver Endless(string head, string part, TimeSpan pause = default, TaskCompletionSource? closed = null) => new(async (stream, cancellationToken) =>
    {
        try
        {
            await ReadRequestAsync(stream, cancellationToken);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
            while (true)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(part), cancellationToken);
                await Task.Delay(pause, cancellationToken);
            }
        }
        catch (IOException)
        {
            closed?.TrySetResult();
        }
    });

    /// <summary>Answers every connection with the same bytes and closes it.</summary>
    public static RawReceiver Answering(string answer, bool everywhere = false) => new(async (stream, cancellationToken) =>
    {
        await ReadRequestAsync(stream, cancellationToken);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
    }, everywhere);

    /// <summary>Takes the request and says nothing.</summary>
    public static RawReceiver Silent() => new((stream, cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));

    /// <summary>A whole request: hanging up on what is unread would reset the connection, and with it the answer.</summary>
    public static async Task<string> ReadRequestAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var (request, buffer) = ("", new byte[4_096]);
        while (!IsWhole(request) && await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            request += Encoding.ASCII.GetString(buffer, 0, read);
        }

        return request;
    }

    public Uri Url(string host = "127.0.0.1", string scheme = "http") => new($"{scheme}://{host}:{Port}/hook");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private static bool IsWhole(string request)
    {
        var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var length = ContentLength().Match(request) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return end >= 0 && request.Length >= end + 4 + length;
    }

    [GeneratedRegex("^content-length: *([0-9]+)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex ContentLength();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                _ = ServeAsync(connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Disposed, at whichever moment.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            try
            {
                await _behaviour(connection.GetStream(), _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The sender has hung up, or the test is over.
            }
        }
    }
}
