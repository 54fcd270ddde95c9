using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class HostileReceiverTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(50);

    [Fact] // FAULT-12, SEC-42
    public async Task A_receiver_that_hangs_or_drips_headers_is_left_at_the_deadline()
    {
        await using var silent = RawReceiver.Silent();
        await using var slow = RawReceiver.Endless("HTTP/1.1 200 OK\r\nX-Header: ", "x", Drip);
        await using var interim = RawReceiver.Endless("", "HTTP/1.1 100 Continue\r\n\r\n", Drip);
        using var sender = new TestSender(timeout: 1);

        var exchanges = await Task.WhenAll(sender.SendAsync(silent.Url()), sender.SendAsync(slow.Url()), sender.SendAsync(interim.Url()));

        Assert.All(exchanges, exchange => Assert.Equal((null, SendError.Timeout, false), (exchange.Status, exchange.Error, exchange.Succeeded)));
        Assert.All(exchanges, AssertTookOneSecond);
    }

    [Fact] // FAULT-12, SEC-42: the status is there at once, the body would go on for 50 s.
    public async Task A_receiver_that_drips_its_body_is_left_at_the_deadline_and_its_status_counts()
    {
        await using var receiver = RawReceiver.Endless(Ok, "x", Drip);
        using var sender = new TestSender(timeout: 1);

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((200, null, true), (exchange.Status, exchange.Error, exchange.Succeeded));
        Assert.False(exchange.IsAnswerComplete);
        Assert.InRange(exchange.Answer.Length, 1, 40);
        AssertTookOneSecond(exchange);
    }

    [Fact] // FAULT-12: nobody waits for another's connection; how many there may be is the business of whoever sends.
    public async Task Those_who_hang_keep_nobody_else_waiting()
    {
        const int Many = 100;
        await using var silent = RawReceiver.Silent();
        await using var receiver = await Receiver.StartAsync();
        using var enough = new CancellationTokenSource();
        using var sender = new TestSender(timeout: 120);
        var hanging = Enumerable.Range(0, Many).Select(_ => sender.SendAsync(silent.Url(), cancellationToken: enough.Token)).ToList();
        while (silent.Connections < Many)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var exchanges = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => sender.SendAsync(receiver.Url())));

        Assert.All(exchanges, exchange => Assert.Equal(200, exchange.Status));
        Assert.All(hanging, one => Assert.False(one.IsCompleted));
        await enough.CancelAsync();
        foreach (var one in hanging)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }
    }

    [Theory] // FAULT-13
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nxxxxx\r\n", 200)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", "xxxxxxxxxxxxxxxx", 200)]
    [InlineData("HTTP/1.1 500 No\r\n\r\n", "xxxxxxxxxxxxxxxx", 500)]
    public async Task An_endless_body_ends_the_exchange_at_20_kB_and_its_connection(string head, string part, int status)
    {
        var closed = new TaskCompletionSource();
        await using var receiver = RawReceiver.Endless(head, string.Concat(Enumerable.Repeat(part, 100)), closed: closed);
        using var sender = new TestSender();

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((status, null, status == 200), (exchange.Status, exchange.Error, exchange.Succeeded));
        Assert.Equal((WebhookExchange.MaxAnswerLength, false), (exchange.Answer.Length, exchange.IsAnswerComplete));
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory] // FAULT-13: headers have an end too.
    [InlineData("HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-Header: ", "0123456789")]
    public async Task Endless_headers_are_no_answer(string head, string part)
    {
        await using var receiver = RawReceiver.Endless(head, string.Concat(Enumerable.Repeat(part, 100)));
        using var sender = new TestSender();

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((null, SendError.Protocol), (exchange.Status, exchange.Error));
    }

    [Theory]
    [InlineData("", SendError.Disconnected)]
    [InlineData("HTTP/1.1 200", SendError.Disconnected)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", SendError.Disconnected)]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n", SendError.Protocol)]
    [InlineData("HTTP/1.1 abc\r\n\r\n", SendError.Protocol)]
    public async Task What_is_no_answer_has_a_name(string answer, SendError error)
    {
        await using var receiver = RawReceiver.Answering(answer);
        using var sender = new TestSender();

        Assert.Equal(error, (await sender.SendAsync(receiver.Url())).Error);
    }

    [Theory] // The status counts.
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "")]
    public async Task A_body_that_breaks_off_is_still_an_answer(string answer, string kept)
    {
        await using var receiver = RawReceiver.Answering(answer);
        using var sender = new TestSender();

        var exchange = await sender.SendAsync(receiver.Url());

        Assert.Equal((200, null, kept, false), (exchange.Status, exchange.Error, exchange.AnswerText, exchange.IsAnswerComplete));
    }

    // A busy machine may look late; what it looks for would go on for ever.
    private static void AssertTookOneSecond(WebhookExchange exchange) => Assert.InRange(exchange.Duration.TotalSeconds, 0.9, 20);
}
