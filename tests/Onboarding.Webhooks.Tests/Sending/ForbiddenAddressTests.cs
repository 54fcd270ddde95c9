using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

/// <summary>SEC-41: wherever a URL, a name, a redirect or the environment points, no webhook reaches the inside.</summary>
public sealed class ForbiddenAddressTests
{
    [Theory] // HOOK-16, SEC-41: the product as it is configured for production, with the machine's own DNS.
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("0")]
    [InlineData("[::1]")]
    [InlineData("[::]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::7f00:1]")]
    [InlineData("[fd00::1]")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("localhost")]
    public async Task A_host_on_the_inside_is_not_connected_to(string host)
    {
        await using var inside = Inside();

        Assert.Equal(SendError.BlockedAddress, await ErrorInProductionAsync(inside.Url(host, "https")));
        Assert.Equal(0, inside.Connections);
    }

    [Theory] // HOOK-16: machines differ in whether they know them.
    [InlineData("localhost.")]
    [InlineData("127.0.0.1.")]
    public async Task A_host_on_the_inside_with_a_full_stop_is_blocked_or_unknown(string host)
    {
        await using var inside = Inside();

        Assert.True(await ErrorInProductionAsync(inside.Url(host, "https")) is SendError.BlockedAddress or SendError.Dns);
        Assert.Equal(0, inside.Connections);
    }

    [Theory] // HOOK-16: one of its addresses is enough.
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("169.254.169.254")]
    [InlineData("fd00:ec2::254")]
    [InlineData("8.8.8.8", "127.0.0.1")]
    [InlineData("2606:4700:4700::1111", "8.8.8.8", "::1")]
    public async Task A_name_that_leads_to_the_inside_is_not_connected_to(params string[] addresses)
    {
        await using var inside = Inside();
        using var sender = new TestSender(resolve: TestSender.Always(addresses), mayConnect: AddressRules.IsPublic);

        Assert.Equal(SendError.BlockedAddress, (await sender.SendAsync(inside.Url("hooks.test"))).Error);
        Assert.Equal(0, inside.Connections);
    }

    [Fact] // HOOK-16: that nothing arrived above says something, for in Development it arrives.
    public async Task One_setting_lets_all_of_them_through()
    {
        await using var inside = Inside();
        using var refused = new TestSender(mayConnect: AddressRules.IsPublic);
        using var allowed = new TestSender();
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address).Where(address => address.AddressFamily == AddressFamily.InterNetwork && !AddressRules.IsPublic(address)).ToList();
        string[] hosts = ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost", .. own.Select(address => $"{address}")];
        foreach (var (host, before) in hosts.Select((host, i) => (host, i)))
        {
            Assert.Equal(SendError.BlockedAddress, (await refused.SendAsync(inside.Url(host))).Error);
            Assert.Equal(before, inside.Connections);
            Assert.Equal(200, (await allowed.SendAsync(inside.Url(host))).Status);
        }
    }

    [Fact] // SEC-41
    public async Task Without_that_setting_nothing_is_sent_in_plain_text()
    {
        await using var receiver = Inside();
        using var sender = new TestSender(allowPrivateNetworks: false, mayConnect: _ => true);

        Assert.Equal(SendError.BlockedAddress, (await sender.SendAsync(receiver.Url())).Error);
        Assert.Equal(0, receiver.Connections);
    }

    [Fact] // HOOK-17: between the judgement and the connect nobody asks the DNS again.
    public async Task A_name_that_moves_inside_after_it_was_vetted_gets_nothing_there()
    {
        await using var outside = RawReceiver.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        var asked = 0;
        using var sender = new TestSender(
            resolve: (host, _) => Task.FromResult(new[] { IPAddress.Parse(host == "hooks.test" && Interlocked.Increment(ref asked) == 1 ? "127.0.0.1" : "127.0.0.2") }),
            mayConnect: address => address.ToString() == "127.0.0.1");

        Assert.Equal((200, 1), ((await sender.SendAsync(outside.Url("hooks.test"))).Status, asked));
        Assert.Equal((SendError.BlockedAddress, 2), ((await sender.SendAsync(outside.Url("hooks.test"))).Error, asked));
        Assert.Equal(1, outside.Connections);
    }

    [Theory] // HOOK-13, FAULT-14
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_a_failure_and_the_second_address_gets_no_hit(int status)
    {
        await using var inside = Inside();
        await using var receiver = await Receiver.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = inside.Url().ToString();
            return context.Response.WriteAsync("over there");
        });
        using var sender = new TestSender();

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((status, false, "over there"), (exchange.Status, exchange.Succeeded, exchange.AnswerText));
        Assert.Equal((1, 0), (receiver.All.Count, inside.Connections));
    }

    [Fact] // FAULT-14: the environment of this process names a proxy, and another client obeys it.
    public async Task The_proxy_of_the_environment_is_not_asked()
    {
        await using var receiver = await Receiver.StartAsync();
        using var sender = new TestSender(resolve: TestSender.Always("127.0.0.1"));
        using var obedient = new HttpClient();

        Assert.Equal(200, (await sender.SendAsync(receiver.Url("sent.test"))).Status);
        Assert.Equal(SendError.Tls, (await sender.SendAsync(receiver.Url("sent.test", "https"))).Error);
        Assert.Equal(HttpStatusCode.BadGateway, (await obedient.GetAsync(receiver.Url("obedient.test"))).StatusCode);

        Assert.Contains(ProxyTrap.Caught, request => request.Contains("obedient.test", StringComparison.Ordinal));
        Assert.DoesNotContain(ProxyTrap.Caught, request => request.Contains("sent.test", StringComparison.Ordinal));
    }

    private static async Task<SendError?> ErrorInProductionAsync(Uri url)
    {
        using var sender = new WebhookSender(Options.Create(new WebhookOptions()), TimeProvider.System);
        var secrets = new[] { WebhookSecret.Generate(WebhookSecretKind.V1) };
        return (await sender.SendAsync(new(url, "msg_1", "{}"u8.ToArray(), secrets, StaticHeaders.None), default)).Error;
    }

    private static RawReceiver Inside() => RawReceiver.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", everywhere: true);
}
