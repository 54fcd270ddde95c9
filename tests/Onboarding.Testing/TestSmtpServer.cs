using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MimeKit;
using Onboarding.Tenancy.Members;

namespace Onboarding.Testing;

/// <summary>An SMTP server on a free loopback port that keeps what it accepts and misbehaves on demand.</summary>
/// <remarks>RFC 5321 as far as a sender can see, without TLS and AUTH. Each test takes its own.</remarks>
public sealed class TestSmtpServer : IAsyncDisposable
{
    public const string Host = "127.0.0.1";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<TestSmtpConnection, Task> _connections = [];
    private readonly Lock _gate = new();
    private readonly List<ReceivedEmail> _received = [];
    private readonly List<Waiter> _waiters = [];
    private readonly Task _accepting;
    private volatile TestSmtpBehaviour _behaviour;
    private int _connectionCount;
    private bool _disposed;

    private TestSmtpServer()
    {
        _listener.Start(backlog: 512);
        _accepting = AcceptAsync();
    }

    public static TestSmtpServer Start() => new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many mails have been accepted.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _received.Count;
            }
        }
    }

    /// <summary>How many connections have been made since the start, open or not.</summary>
    public int ConnectionCount => Volatile.Read(ref _connectionCount);

    public int OpenConnections => _connections.Count;

    internal TestSmtpBehaviour Behaviour => _behaviour;

    internal CancellationToken Stopping => _stopping.Token;

    public void Normal() => _behaviour = TestSmtpBehaviour.Normal;

    /// <summary>"Service not available": to a new connection at once, to an open one at its next command; then it closes.</summary>
    public void Respond421() => _behaviour = TestSmtpBehaviour.Respond421;

    /// <summary>Takes the text of a mail and then says that something went wrong here. Nothing is kept.</summary>
    public void Respond451() => _behaviour = TestSmtpBehaviour.Respond451;

    /// <summary>Refuses every recipient for good.</summary>
    public void Respond550() => _behaviour = TestSmtpBehaviour.Respond550;

    /// <summary>Accepts connections and answers nothing any more. A command that hangs never gets its answer.</summary>
    public void Hang() => _behaviour = TestSmtpBehaviour.Hang;

    /// <summary>Keeps the mail but closes the connection instead of saying so.</summary>
    public void AcceptThenDrop() => _behaviour = TestSmtpBehaviour.AcceptThenDrop;

    /// <summary>Closes every open connection without a word, as a restart or a firewall would.</summary>
    public async Task DropConnectionsAsync()
    {
        var open = _connections.ToArray();
        foreach (var (connection, _) in open)
        {
            connection.Drop();
        }

        await Task.WhenAll(open.Select(entry => entry.Value));
    }

    /// <summary>What has arrived for an address (in any case), oldest first.</summary>
    public IReadOnlyList<ReceivedEmail> For(string to)
    {
        lock (_gate)
        {
            return [.. _received.Where(email => IsFor(email, to))];
        }
    }

    /// <summary>The newest mail to the address that matches, or else the next one to arrive, within a minute by default.</summary>
    /// <exception cref="TimeoutException">None came; the message lists what did.</exception>
    public async Task<ReceivedEmail> WaitForAsync(string to, Func<ReceivedEmail, bool>? match = null, TimeSpan? timeout = null)
    {
        var waiter = new Waiter(email => IsFor(email, to) && (match is null || match(email)));
        lock (_gate)
        {
            if (_received.LastOrDefault(waiter.Matches) is { } email)
            {
                return email;
            }

            _waiters.Add(waiter);
        }

        try
        {
            return await waiter.Arrival.Task.WaitAsync(timeout ?? TimeSpan.FromMinutes(1));
        }
        catch (TimeoutException)
        {
            var arrived = string.Join(", ", For(to).Select(email => $"\"{email.Subject}\""));
            throw new TimeoutException($"No such mail to {to} came in time. Of {Count} mails, these went there: [{arrived}].");
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await DropConnectionsAsync();
        _listener.Dispose();
        _stopping.Dispose();
    }

    internal async Task KeepAsync(IReadOnlyList<string> recipients, Stream content)
    {
        var receivedAt = Stopwatch.GetTimestamp();
        using var message = await MimeMessage.LoadAsync(content, CancellationToken.None);
        lock (_gate)
        {
            foreach (var to in recipients)
            {
                var email = new ReceivedEmail(
                    to, message.Subject ?? "", message.TextBody ?? "", message.HtmlBody ?? "", message.MessageId ?? "", receivedAt);
                _received.Add(email);
                foreach (var waiter in _waiters.Where(waiter => waiter.Matches(email)))
                {
                    waiter.Arrival.TrySetResult(email);
                }
            }
        }
    }

    // A sender that uses SMTPUTF8 (RFC 6531) names a domain outside ASCII as it is read, another its ASCII form.
    private static bool IsFor(ReceivedEmail email, string to) => string.Equals(InAscii(email.To), InAscii(to), StringComparison.OrdinalIgnoreCase);

    private static string InAscii(string address) =>
        address.LastIndexOf('@') is var at and >= 0 && EmailDomain.Of(address) is { } domain ? $"{address[..at]}@{domain}" : address;

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = new TestSmtpConnection(this, await _listener.AcceptSocketAsync(_stopping.Token));
                Interlocked.Increment(ref _connectionCount);
                var serving = new TaskCompletionSource();
                _connections[connection] = serving.Task;
                _ = ServeAsync(connection, serving);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
    }

    private async Task ServeAsync(TestSmtpConnection connection, TaskCompletionSource serving)
    {
        await Task.Yield();
        await connection.ServeAsync();
        _connections.TryRemove(connection, out _);
        serving.SetResult();
    }

    private sealed record Waiter(Func<ReceivedEmail, bool> Matches)
    {
        // Continuations must not run under the server's lock.
        public TaskCompletionSource<ReceivedEmail> Arrival { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

internal enum TestSmtpBehaviour
{
    Normal,
    Respond421,
    Respond451,
    Respond550,
    Hang,
    AcceptThenDrop,
}
