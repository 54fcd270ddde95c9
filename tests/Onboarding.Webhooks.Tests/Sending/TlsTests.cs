using System.Net;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class TlsTests
{
    private const string Host = "hooks.example.test";

    private readonly TestAuthority _authority = new();

    [Fact] // HOOK-17: the socket goes to the vetted address, TLS and HTTP go by the name.
    public async Task The_name_is_kept_in_the_handshake_and_in_the_request_and_HTTP_2_is_used()
    {
        await using var receiver = await Receiver.StartAsync(certificate: _authority.Issue(Host));
        var asked = new List<string>();
        using var sender = new TestSender(allowPrivateNetworks: false, trusted: _authority.Root, mayConnect: address => Equals(address, IPAddress.Loopback), resolve: (host, _) =>
        {
            asked.Add(host);
            return Task.FromResult(new[] { IPAddress.Loopback });
        });

        var exchanges = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => sender.SendAsync(receiver.Url(Host, "https"))));

        Assert.All(exchanges, exchange => Assert.Equal(200, exchange.Status));
        Assert.All(receiver.All, received => Assert.Equal(
            (Host, $"{Host}:{receiver.Port}", "HTTP/2"), (received.Sni, received.Headers["host"], received.Protocol)));
        Assert.Single(receiver.All.Select(received => received.Connection).Distinct());
        Assert.Equal([Host], asked);
    }

    [Fact]
    public async Task A_certificate_of_another_name_or_of_nobody_known_is_refused()
    {
        await using var receiver = await Receiver.StartAsync(certificate: _authority.Issue(Host));
        using var trusting = Sender(_authority);
        using var stranger = Sender(new TestAuthority());

        Assert.Equal(200, (await trusting.SendAsync(receiver.Url(Host, "https"))).Status);
        Assert.Equal(SendError.Tls, (await trusting.SendAsync(receiver.Url("other.example.test", "https"))).Error);
        Assert.Equal(SendError.Tls, (await trusting.SendAsync(receiver.Url(scheme: "https"))).Error);
        Assert.Equal(SendError.Tls, (await stranger.SendAsync(receiver.Url(Host, "https"))).Error);
        Assert.Single(receiver.All);
    }

    [Fact] // SEC-41: a certificate names addresses too.
    public async Task What_a_certificate_tells_to_fetch_is_not_fetched()
    {
        await using var inside = RawReceiver.Silent();
        await using var receiver = await Receiver.StartAsync(certificate: _authority.IssueByUnsentIntermediate(Host, inside.Url()));
        using var sender = Sender(_authority, timeout: 5);

        Assert.Equal(SendError.Tls, (await sender.SendAsync(receiver.Url(Host, "https"))).Error);
        Assert.Equal(0, inside.Connections);
        Assert.DoesNotContain(ProxyTrap.Caught, request => request.Contains($":{inside.Port}/", StringComparison.Ordinal));
    }

    [Fact] // FAULT-13
    public async Task An_endless_body_ends_over_HTTP_2_too()
    {
        var aborted = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(certificate: _authority.Issue(Host), answer: async context =>
        {
            context.RequestAborted.Register(() => aborted.TrySetResult());
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[4_096]);
            }
        });
        using var sender = Sender(_authority);

        var exchange = await sender.SendAsync(receiver.Url(Host, "https"));

        Assert.Equal((200, WebhookExchange.MaxAnswerLength, false), (exchange.Status, exchange.Answer.Length, exchange.IsAnswerComplete));
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact] // FAULT-12, SEC-42
    public async Task A_handshake_that_never_ends_is_left_at_the_deadline()
    {
        await using var receiver = RawReceiver.Silent();
        using var sender = Sender(_authority, timeout: 1);

        var exchange = await sender.SendAsync(receiver.Url(Host, "https"));

        Assert.Equal(SendError.Timeout, exchange.Error);
        Assert.InRange(exchange.Duration.TotalSeconds, 0.9, 20);
    }

    [Fact]
    public async Task What_does_not_speak_TLS_has_a_name()
    {
        await using var receiver = await Receiver.StartAsync();
        using var sender = Sender(_authority);

        Assert.Equal(SendError.Tls, (await sender.SendAsync(receiver.Url(Host, "https"))).Error);
    }

    private static TestSender Sender(TestAuthority authority, double timeout = 15) =>
        new(timeout, trusted: authority.Root, resolve: TestSender.Always("127.0.0.1"));
}
