using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Onboarding.Api.Emails;

/// <summary>A few open connections that mails share, because a handshake per mail would cost more than the mail.</summary>
/// <remarks>
/// At most <see cref="Limit"/> are lent out at once. The one used last is lent first, so that after a storm the rest
/// fall idle and are closed. Whoever rents gives back exactly once, with <see cref="GiveBack"/>.
/// </remarks>
internal sealed class SmtpConnectionPool : IAsyncDisposable
{
    public const int Limit = 4;
    public static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(30);

    private readonly SmtpOptions _options;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _slots = new(Limit);
    private readonly Lock _gate = new();
    private readonly List<(SmtpClient Client, long Since)> _idle = [];
    private readonly ITimer _timer;
    private bool _disposed;

    public SmtpConnectionPool(SmtpOptions options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _timer = clock.CreateTimer(_ => CloseIdle(), null, IdleAfter, IdleAfter / 3);
    }

    /// <returns>A connected client, and whether it has been used before: the server may have closed it meanwhile.</returns>
    public async Task<(SmtpClient Client, bool Reused)> RentAsync(CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return TakeIdle() is { } client ? (client, true) : (await ConnectAsync(cancellationToken), false);
        }
        catch
        {
            _slots.Release();
            throw;
        }
    }

    public void GiveBack(SmtpClient client, bool healthy)
    {
        lock (_gate)
        {
            healthy &= client.IsConnected && !_disposed;
            if (healthy)
            {
                _idle.Add((client, _clock.GetTimestamp()));
            }
        }

        if (!healthy)
        {
            client.Dispose();
        }

        _slots.Release();
    }

    /// <summary>A connection turned out to be dead, so the others of its age probably are too.</summary>
    public void DropIdle() => Close(_ => true, politely: false);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        await _timer.DisposeAsync();
        Close(_ => true, politely: true);
    }

    private void CloseIdle() => Close(since => _clock.GetElapsedTime(since) >= IdleAfter, politely: true);

    private SmtpClient? TakeIdle()
    {
        while (true)
        {
            SmtpClient client;
            lock (_gate)
            {
                if (_idle.Count == 0)
                {
                    return null;
                }

                client = _idle[^1].Client;
                _idle.RemoveAt(_idle.Count - 1);
            }

            if (client.IsConnected)
            {
                return client;
            }

            client.Dispose();
        }
    }

    private async Task<SmtpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var client = new SmtpClient { Timeout = _options.TimeoutSeconds * 1000 };
        try
        {
            await client.ConnectAsync(await OpenAsync(cancellationToken), _options.Host, _options.Port, SocketSecurity, cancellationToken);
            if (_options is { UserName.Length: > 0, Password.Length: > 0 })
            {
                await client.AuthenticateAsync(_options.UserName, _options.Password, cancellationToken);
            }

            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    // MailKit's own socket waits for the server's delayed acknowledgement before it sends the end of each text: 40 ms a mail (PERF-6).
    private async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_options.Host, _options.Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SecureSocketOptions SocketSecurity => _options.Security switch
    {
        SmtpSecurity.None => SecureSocketOptions.None,
        SmtpSecurity.Ssl => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.Auto => SecureSocketOptions.Auto,
        _ => SecureSocketOptions.StartTls,
    };

    private void Close(Func<long, bool> which, bool politely)
    {
        List<SmtpClient> closing;
        lock (_gate)
        {
            closing = [.. _idle.Where(entry => which(entry.Since)).Select(entry => entry.Client)];
            _idle.RemoveAll(entry => closing.Contains(entry.Client));
        }

        foreach (var client in closing)
        {
            _ = CloseAsync(client, politely);
        }
    }

    private static async Task CloseAsync(SmtpClient client, bool politely)
    {
        using (client)
        {
            if (!politely)
            {
                return;
            }

            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                await client.DisconnectAsync(quit: true, patience.Token);
            }
            catch (Exception)
            {
                // QUIT is a courtesy. The connection is closed either way, and nothing was on it.
            }
        }
    }
}
