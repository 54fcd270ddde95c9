using System.Globalization;
using System.Net.Sockets;

namespace Onboarding.Bench;

/// <summary>One connection of the load generator: a request at a time, by blocking calls.</summary>
internal sealed class BenchConnection(Uri address) : IDisposable
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private Socket? socket;

    /// <summary>Sends a request and returns the status of its answer; 0 when the connection broke. The next one then has a new connection.</summary>
    public int Send(byte[] request)
    {
        try
        {
            socket ??= Connect();
            socket.Send(request);
            return ReadStatus(socket);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            socket = null;
            return 0;
        }
    }

    public void Dispose() => socket?.Dispose();

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        socket.Connect(address.Host, address.Port);
        return socket;
    }

    // Enough of RFC 9112 for the servers measured here: an answer ends after Content-Length bytes or with the last chunk.
    private int ReadStatus(Socket socket)
    {
        int have = 0, end = -1;
        while (true)
        {
            var read = socket.Receive(buffer, have, buffer.Length - have, SocketFlags.None);
            if (read == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            have += read;
            var answer = buffer.AsSpan(0, have);
            if (end < 0 && answer.IndexOf("\r\n\r\n"u8) is >= 0 and var head)
            {
                end = head + 4;
            }

            if (end >= 0 && IsWhole(answer, end))
            {
                return ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + (answer[11] - '0');
            }
        }
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer, int bodyStart)
    {
        var head = answer[..bodyStart];
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return head.IndexOf("chunked"u8) < 0 || answer.EndsWith("\r\n0\r\n\r\n"u8);
        }

        var number = head[(at + "Content-Length: "u8.Length)..];
        return answer.Length - bodyStart >= int.Parse(number[..number.IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
    }
}
