using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;

namespace Onboarding.Testing;

/// <summary>A real DNS server on this machine, which knows what tests have told it.</summary>
public sealed class TestDns : IDisposable
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> texts = new(StringComparer.OrdinalIgnoreCase);
    private readonly DnsServer server;

    private TestDns(int port)
    {
        Address = $"127.0.0.1:{port}";
        server = new DnsServer(new UdpServerTransport(new IPEndPoint(IPAddress.Loopback, port)));
        server.QueryReceived += AnswerAsync;
        server.Start();
    }

    /// <summary>What the setting <c>Dns:Servers:0</c> takes.</summary>
    public string Address { get; }

    /// <summary>Starts one on a free port.</summary>
    public static TestDns Start() => new(FreePort());

    /// <summary>An address at which nobody answers.</summary>
    public static string Nowhere() => $"127.0.0.1:{FreePort()}";

    /// <summary>The name has these TXT records from now on; with none it does not exist. Null: its servers are in trouble.</summary>
    public void Set(string name, params string[]? values) => texts[name] = values is null ? [Trouble] : values;

    /// <inheritdoc/>
    public void Dispose() => server.Stop();

    private const string Trouble = "\0";

    private static int FreePort()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    private Task AnswerAsync(object sender, QueryReceivedEventArgs received)
    {
        if (received.Query is DnsMessage { Questions: [{ RecordType: RecordType.Txt } question] } query)
        {
            var response = query.CreateResponseInstance();
            var known = texts.GetValueOrDefault(question.Name.ToString().TrimEnd('.'), []);
            response.ReturnCode = known is [Trouble] ? ReturnCode.ServerFailure : known.Count == 0 ? ReturnCode.NxDomain : ReturnCode.NoError;
            if (response.ReturnCode == ReturnCode.NoError)
            {
                response.AnswerRecords.AddRange(known.Select(text => new TxtRecord(question.Name, 60, Parts(text))));
            }

            received.Response = response;
        }

        return Task.CompletedTask;
    }

    // As a real server does: one string of a record has at most 255 characters (RFC 1035, section 3.3.14).
    private static IEnumerable<string> Parts(string text) => text.Chunk(20).Select(part => new string(part));
}
