using System.Net.Sockets;
using System.Text;

namespace Onboarding.Testing;

/// <summary>One session with <see cref="TestSmtpServer"/>: the dialogue of RFC 5321.</summary>
internal sealed class TestSmtpConnection(TestSmtpServer server, Socket socket)
{
    private const int LongestLine = 1_000_000;
    private const int LargestMail = 20_000_000;

    private readonly CancellationTokenSource _dropped = CancellationTokenSource.CreateLinkedTokenSource(server.Stopping);
    private readonly List<string> _recipients = [];
    private string? _sender;

    /// <summary>The dialogue stops where it stands, and the other side sees the connection close.</summary>
    public void Drop() => _dropped.Cancel();

    public async Task ServeAsync()
    {
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        await using (stream)
        {
            try
            {
                await ConverseAsync(stream, new BufferedStream(stream, 16_384));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or FormatException)
            {
                // The other side went away, the test dropped it, or it does not speak SMTP: the session is over.
            }
        }
    }

    private async Task ConverseAsync(Stream output, Stream input)
    {
        if (!await ReplyAsync(output, "220 127.0.0.1 test server"))
        {
            return;
        }

        while (await ReadLineAsync(input) is { } line)
        {
            var command = Encoding.UTF8.GetString(line);
            var verb = command.Split(' ', 2)[0].ToUpperInvariant();
            var goesOn = verb switch
            {
                "EHLO" => await ReplyAsync(output, Reset($"250-127.0.0.1\r\n250-PIPELINING\r\n250-SIZE {LargestMail}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES")),
                "HELO" => await ReplyAsync(output, Reset("250 127.0.0.1")),
                "MAIL" => await ReplyAsync(output, Mail(command)),
                "RCPT" => await ReplyAsync(output, Rcpt(command)),
                "DATA" => await DataAsync(output, input),
                "RSET" => await ReplyAsync(output, Reset("250 2.0.0 OK")),
                "NOOP" => await ReplyAsync(output, "250 2.0.0 OK"),
                "VRFY" => await ReplyAsync(output, "252 2.5.0 Send a mail and see"),
                "QUIT" => await ReplyAsync(output, "221 2.0.0 Bye") && false,
                _ => await ReplyAsync(output, "500 5.5.2 What?"),
            };
            if (!goesOn)
            {
                return;
            }
        }
    }

    /// <returns>Whether the session goes on.</returns>
    private async Task<bool> ReplyAsync(Stream output, string reply)
    {
        var behaviour = server.Behaviour;
        if (behaviour is TestSmtpBehaviour.Hang)
        {
            await Task.Delay(Timeout.Infinite, _dropped.Token);
        }

        var refused = behaviour is TestSmtpBehaviour.Respond421;
        var text = refused ? "421 4.3.2 Service not available" : reply;
        await output.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n"), _dropped.Token);
        return !refused;
    }

    private string Reset(string reply)
    {
        _sender = null;
        _recipients.Clear();
        return reply;
    }

    private string Mail(string command)
    {
        if (_sender is not null)
        {
            return "503 5.5.1 One mail at a time";
        }

        _sender = AddressIn(command, "FROM:");
        return _sender is null ? "501 5.5.4 MAIL FROM:<address>" : "250 2.1.0 OK";
    }

    private string Rcpt(string command)
    {
        if (_sender is null)
        {
            return "503 5.5.1 MAIL first";
        }

        if (AddressIn(command, "TO:") is not { Length: > 0 } recipient)
        {
            return "501 5.5.4 RCPT TO:<address>";
        }

        if (server.Behaviour is TestSmtpBehaviour.Respond550)
        {
            return $"550 5.1.1 <{recipient}>: no such user here";
        }

        _recipients.Add(recipient);
        return "250 2.1.5 OK";
    }

    private async Task<bool> DataAsync(Stream output, Stream input)
    {
        if (_recipients.Count == 0)
        {
            return await ReplyAsync(output, "503 5.5.1 RCPT first");
        }

        if (!await ReplyAsync(output, "354 Go on; a dot alone ends it"))
        {
            return false;
        }

        using var content = new MemoryStream();
        while (true)
        {
            if (await ReadLineAsync(input) is not { } line)
            {
                return false;
            }

            if (line is [(byte)'.'])
            {
                break;
            }

            // Dot-stuffing, RFC 5321, 4.5.2.
            content.Write(line is [(byte)'.', ..] ? line.AsSpan(1) : line);
            content.Write("\r\n"u8);
        }

        return await FinishAsync(output, content);
    }

    private async Task<bool> FinishAsync(Stream output, MemoryStream content)
    {
        if (server.Behaviour is TestSmtpBehaviour.Respond451)
        {
            return await ReplyAsync(output, Reset("451 4.3.0 Error in processing"));
        }

        if (content.Length > LargestMail)
        {
            return await ReplyAsync(output, Reset("552 5.3.4 Too big"));
        }

        if (server.Behaviour is TestSmtpBehaviour.Normal or TestSmtpBehaviour.AcceptThenDrop)
        {
            content.Position = 0;
            await server.KeepAsync([.. _recipients], content);
        }

        return server.Behaviour is not TestSmtpBehaviour.AcceptThenDrop && await ReplyAsync(output, Reset("250 2.0.0 Kept"));
    }

    /// <returns>A line without its CR LF, or null at the end of the connection.</returns>
    private async ValueTask<byte[]?> ReadLineAsync(Stream input)
    {
        using var line = new MemoryStream();
        var one = new byte[1];
        while (await input.ReadAsync(one, _dropped.Token) == 1)
        {
            if (one[0] == '\n' && line.Length > 0 && line.GetBuffer()[line.Length - 1] == '\r')
            {
                return line.GetBuffer()[..(int)(line.Length - 1)];
            }

            line.WriteByte(one[0]);
            if (line.Length > LongestLine)
            {
                throw new FormatException("A line has no end.");
            }
        }

        return null;
    }

    private static string? AddressIn(string command, string keyword)
    {
        var start = command.IndexOf(keyword, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return null;
        }

        var open = command.IndexOf('<', start);
        var close = open < 0 ? -1 : command.IndexOf('>', open);
        return close < 0 ? null : command[(open + 1)..close];
    }
}
