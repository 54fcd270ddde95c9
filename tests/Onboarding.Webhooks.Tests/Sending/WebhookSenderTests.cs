using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class WebhookSenderTests
{
    [Fact]
    public async Task A_webhook_arrives_with_its_headers_and_no_others()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_987));
        await using var receiver = await Receiver.StartAsync(context => context.Response.WriteAsync("thanks"));
        using var sender = new TestSender(clock: clock);
        var secret = WebhookSecret.Generate(WebhookSecretKind.V1);
        var body = """{"type":"member.approved","data":{"name":"Ä山"}}"""u8.ToArray();
        using var traced = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();

        var exchange = await sender.SendAsync(receiver.Url(path: "/hooks/a%20b?c=d"), body, [secret], headers: ("Authorization", "Bearer x"));

        Assert.Equal((200, null, true), (exchange.Status, exchange.Error, exchange.Succeeded));
        Assert.Equal(("thanks", true, null), (exchange.AnswerText, exchange.IsAnswerComplete, exchange.RetryAfter));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), exchange.Timestamp);
        Assert.InRange(exchange.Duration, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(10));
        Assert.Equal(("POST", "/hooks/a%20b?c=d", "HTTP/1.1"), (receiver.Last.Method, receiver.Last.Target, receiver.Last.Protocol));
        Assert.Equal(body, receiver.Last.Body);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["host"] = $"127.0.0.1:{receiver.Port}",
                ["content-type"] = "application/json",
                ["content-length"] = $"{body.Length}",
                ["user-agent"] = "Onboarding-Webhooks/1.0",
                ["webhook-id"] = "msg_1",
                ["webhook-timestamp"] = "1800000000",
                ["webhook-signature"] = secret.Sign("msg_1", 1_800_000_000, body),
                ["authorization"] = "Bearer x",
            },
            receiver.Last.Headers);
    }

    [Fact] // HOOK-3
    public async Task Each_attempt_has_the_same_id_and_its_own_time_and_signature()
    {
        var clock = new FakeTimeProvider();
        await using var receiver = await Receiver.StartAsync();
        using var sender = new TestSender(clock: clock);
        var secret = WebhookSecret.Generate(WebhookSecretKind.V1);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await sender.SendAsync(receiver.Url(), secrets: [secret]);
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(["msg_1"], receiver.All.Select(received => received.Headers["webhook-id"]).Distinct());
        Assert.Equal(3, receiver.All.Select(received => received.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.Equal(3, receiver.All.Select(received => received.Headers["webhook-signature"]).Distinct().Count());
    }

    [Fact]
    public async Task Whatever_header_is_taken_arrives_as_it_was_written()
    {
        await using var receiver = await Receiver.StartAsync();
        using var sender = new TestSender();
        var names = Gen.Char["!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"].Array[1, 100];
        var values = Gen.Char[' ', '~'].Array[0, 1_000];

        await Gen.Select(names, values).SampleAsync(async (nameCharacters, valueCharacters) =>
        {
            var (name, value) = (new string(nameCharacters), new string(valueCharacters).Trim(' '));
            if (StaticHeaders.Refusal([new(name, value)]) is null)
            {
                var exchange = await sender.SendAsync(receiver.Url(), headers: (name, value));
                Assert.Equal(200, exchange.Status);
                Assert.Contains(receiver.All, received => received.Headers.TryGetValue(name.ToLowerInvariant(), out var arrived) && arrived == value);
            }
        }, iter: 60);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(204, true)]
    [InlineData(299, true)]
    [InlineData(300, false)]
    [InlineData(304, false)]
    [InlineData(400, false)]
    [InlineData(410, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(504, false)]
    public async Task A_2xx_is_success_and_nothing_else(int status, bool succeeded)
    {
        await using var receiver = await Receiver.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var sender = new TestSender();

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((status, null, succeeded), (exchange.Status, exchange.Error, exchange.Succeeded));
    }

    [Theory] // HOOK-15
    [InlineData("120", 120)]
    [InlineData("86400", 3_600)]
    [InlineData("Thu, 26 Nov 2026 12:00:30 GMT", 30)]
    [InlineData("tomorrow", null)]
    public async Task Retry_After_is_read_in_both_forms_and_capped(string value, int? seconds)
    {
        await using var receiver = await Receiver.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = value;
            return Task.CompletedTask;
        });
        using var sender = new TestSender(clock: new FakeTimeProvider(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero)));

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((429, seconds), (exchange.Status, (int?)exchange.RetryAfter?.TotalSeconds));
    }

    [Fact]
    public async Task Connections_are_used_again_and_remember_nothing()
    {
        await using var receiver = await Receiver.StartAsync(context =>
        {
            context.Response.Cookies.Append("session", "1");
            return context.Response.WriteAsync(new string('x', WebhookExchange.MaxAnswerLength));
        });
        using var sender = new TestSender();
        await sender.SendAsync(receiver.Url());
        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((WebhookExchange.MaxAnswerLength, true), (exchange.Answer.Length, exchange.IsAnswerComplete));
        Assert.Single(receiver.All.Select(received => received.Connection).Distinct());
        Assert.DoesNotContain("cookie", receiver.Last.Headers.Keys);
    }

    [Fact] // HOOK-25
    public async Task An_answer_is_kept_as_it_came_but_not_beyond_20_kB()
    {
        var zeros = new MemoryStream();
        await using (var gzip = new GZipStream(zeros, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(new byte[10_000_000]);
        }

        await using var bomb = await Receiver.StartAsync(context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(zeros.ToArray()).AsTask();
        });
        await using var large = await Receiver.StartAsync(context => context.Response.WriteAsync(new string('\0', WebhookExchange.MaxAnswerLength + 1)));
        using var sender = new TestSender();
        var (compressed, cut) = (await sender.SendAsync(bomb.Url()), await sender.SendAsync(large.Url()));

        Assert.Equal(zeros.ToArray(), compressed.Answer.ToArray());
        Assert.Equal((true, WebhookExchange.MaxAnswerLength, false), (cut.Succeeded, cut.Answer.Length, cut.IsAnswerComplete));
        Assert.Equal(new string('\uFFFD', WebhookExchange.MaxAnswerLength), cut.AnswerText);
    }

    [Fact]
    public async Task Cancelling_is_not_an_outcome()
    {
        await using var receiver = RawReceiver.Silent();
        using var sender = new TestSender();
        using var stop = new CancellationTokenSource();
        var sending = sender.SendAsync(receiver.Url(), cancellationToken: stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_name_that_is_not_there_and_a_port_that_is_closed_have_their_names()
    {
        var closed = new RawReceiver((_, _) => Task.CompletedTask);
        var url = closed.Url("hooks.test");
        await closed.DisposeAsync();
        using var nowhere = new TestSender(resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        using var empty = new TestSender(resolve: TestSender.Always());
        using var refused = new TestSender(resolve: TestSender.Always("127.0.0.1", "127.0.0.2"));

        Assert.Equal(SendError.Dns, (await nowhere.SendAsync(url)).Error);
        Assert.Equal(SendError.Dns, (await empty.SendAsync(url)).Error);
        Assert.Equal(SendError.Connect, (await refused.SendAsync(url)).Error);
    }

    [Fact]
    public async Task The_next_address_is_tried_when_one_takes_no_connection()
    {
        await using var receiver = await Receiver.StartAsync(address: IPAddress.Parse("127.0.0.2"));
        using var sender = new TestSender(resolve: TestSender.Always("127.0.0.1", "127.0.0.2"));

        Assert.Equal(200, (await sender.SendAsync(receiver.Url("hooks.test"))).Status);
        Assert.Equal($"hooks.test:{receiver.Port}", receiver.Last.Headers["host"]);
    }
}
