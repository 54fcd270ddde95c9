using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Api.Emails;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Emails;

public sealed class SmtpEmailTransportTests : IAsyncLifetime
{
    private const string To = "ada@example.test";

    private readonly TestSmtpServer _server = TestSmtpServer.Start();
    private readonly FakeTimeProvider _clock = new();
    private readonly SmtpEmailTransport _transport;

    public SmtpEmailTransportTests() => _transport = Transport(_clock);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _transport.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_mail_arrives_as_it_was_written()
    {
        var waiting = _server.WaitForAsync("ADA@example.test");
        await _transport.SendAsync(
            Mail(to: To, text: "Grüße 山\n.\n..dots\nhttps://acme.test/x?a=1\n482913\n", html: "<p>Grüße</p>" + new string('x', 2_000)), Cancelled);
        var email = await waiting;

        Assert.Equal(("Wörk 山", "m1@acme.test"), (email.Subject, email.MessageId));
        Assert.Equal("Grüße 山\n.\n..dots\nhttps://acme.test/x?a=1\n482913\n", email.Text.ReplaceLineEndings("\n"));
        Assert.StartsWith("<p>Grüße</p>xxx", email.Html, StringComparison.Ordinal);
        Assert.Equal(("482913", new Uri("https://acme.test/x?a=1")), (email.Code, email.Link));
    }

    [Fact]
    public async Task Line_breaks_in_names_and_subject_make_no_header_and_in_addresses_no_mail()
    {
        await _transport.SendAsync(
            Mail(to: To) with { ToName = "A\r\nBcc: x@evil.test", FromName = "B\nX-Evil: 1", Subject = "C\r\n\r\nbody" }, Cancelled);
        Assert.Equal("C body", Assert.Single(_server.For(To)).Subject);

        foreach (var bad in new[] { "a@b.test\r\nBcc: x@evil.test", "a@b.test, x@evil.test", "<a@b.test>\r\nRCPT TO:<x@evil.test>", "nobody", "" })
        {
            Assert.True((await RefusedAsync(Mail(to: bad))).IsPermanent, bad);
        }

        Assert.True((await RefusedAsync(Mail(to: To) with { MessageId = "x\r\nBcc: y" })).IsPermanent);
        Assert.Equal(1, _server.Count);
    }

    [Fact]
    public async Task A_mail_goes_to_an_address_outside_ascii()
    {
        await _transport.SendAsync(Mail(to: "jörg@münchen.test"), Cancelled);

        Assert.Equal(1, _server.Count);
    }

    [Fact]
    public async Task A_storm_uses_four_connections_and_a_lull_closes_them()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 40, CancellationToken = Cancelled },
            async (i, cancellationToken) => await _transport.SendAsync(Mail(to: $"user{i}@example.test"), cancellationToken));

        Assert.Equal(300, _server.Count);
        Assert.InRange(_server.ConnectionCount, 1, SmtpConnectionPool.Limit);

        _clock.Advance(SmtpConnectionPool.IdleAfter * 2);
        await _transport.SendAsync(Mail(to: To), Cancelled);
        Assert.InRange(_server.ConnectionCount, 2, SmtpConnectionPool.Limit + 1);
        Assert.Single(_server.For(To));
    }

    [Fact]
    public async Task A_connection_that_the_server_closed_meanwhile_costs_nothing()
    {
        await _transport.SendAsync(Mail(to: To), Cancelled);
        await _server.DropConnectionsAsync();
        await _transport.SendAsync(Mail(to: To), Cancelled);

        Assert.Equal((2, 2), (_server.Count, _server.ConnectionCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_421_or_a_451_is_transient_and_the_mail_arrives_once_afterwards(bool connected)
    {
        if (connected)
        {
            await _transport.SendAsync(Mail(to: "first@example.test"), Cancelled);
        }

        _server.Respond421();
        Assert.False((await RefusedAsync(Mail(to: To))).IsPermanent);
        _server.Respond451();
        Assert.False((await RefusedAsync(Mail(to: To))).IsPermanent);
        _server.Normal();
        await _transport.SendAsync(Mail(to: To), Cancelled);

        Assert.Single(_server.For(To));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_hangs_is_left_at_the_deadline(bool connected)
    {
        await using var transport = Transport(TimeProvider.System, timeoutSeconds: 1);
        if (connected)
        {
            await transport.SendAsync(Mail(to: "first@example.test"), Cancelled);
        }

        _server.Hang();
        var started = Stopwatch.GetTimestamp();
        // More mails than connections: waiting for one counts too.
        var refused = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => RefusedAsync(Mail(to: To), transport)));

        Assert.All(refused, refusal => Assert.False(refusal.IsPermanent));
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.9, 30);
        _server.Normal();
        await transport.SendAsync(Mail(to: To), Cancelled);
        Assert.Single(_server.For(To));
    }

    [Fact]
    public async Task A_mail_that_may_have_been_taken_is_not_repeated_here()
    {
        await _transport.SendAsync(Mail(to: "first@example.test"), Cancelled);
        _server.AcceptThenDrop();

        Assert.False((await RefusedAsync(Mail(to: To))).IsPermanent);
        Assert.Single(_server.For(To));
        _server.Normal();
        await _transport.SendAsync(Mail(to: To), Cancelled);
        Assert.Single(_server.For(To).Select(email => email.MessageId).Distinct());
    }

    [Fact]
    public async Task A_5yz_is_permanent_keeps_the_connection_and_names_nobody()
    {
        _server.Respond550();
        var refusal = await RefusedAsync(Mail(to: To));
        Assert.True(refusal.IsPermanent);
        Assert.Contains("550", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(To, refusal.ToString(), StringComparison.Ordinal);

        _server.Normal();
        await _transport.SendAsync(Mail(to: To), Cancelled);
        Assert.Equal((1, 1), (_server.Count, _server.ConnectionCount));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_transient()
    {
        await _server.DisposeAsync();

        Assert.False((await RefusedAsync(Mail(to: To))).IsPermanent);
    }

    [Fact]
    public async Task Cancelling_is_not_a_refusal()
    {
        _server.Hang();
        using var stop = new CancellationTokenSource();
        var sending = _transport.SendAsync(Mail(to: To), stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Theory]
    [InlineData(nameof(SmtpSecurity.None), null, true)]
    [InlineData(nameof(SmtpSecurity.None), "secret", false)]
    [InlineData(nameof(SmtpSecurity.Auto), "secret", false)]
    [InlineData(nameof(SmtpSecurity.StartTls), "secret", true)]
    public void A_password_travels_only_under_tls(string security, string? password, bool valid)
    {
        var options = new SmtpOptions
        {
            Host = "smtp", FromAddress = "a@b.test", Security = Enum.Parse<SmtpSecurity>(security), UserName = password is null ? null : "user", Password = password,
        };

        Assert.Equal(valid, Validator.TryValidateObject(options, new(options), [], validateAllProperties: true));
    }

    private static OutgoingEmail Mail(string to, string text = "Text", string html = "<p>Html</p>") =>
        new("m1@acme.test", "acme", to, "Ada", "noreply@acme.test", "Acme", "Wörk 山", html, text);

    private async Task<EmailRejectedException> RefusedAsync(OutgoingEmail email, SmtpEmailTransport? transport = null) =>
        await Assert.ThrowsAsync<EmailRejectedException>(() => (transport ?? _transport).SendAsync(email, Cancelled));

    private SmtpEmailTransport Transport(TimeProvider clock, int timeoutSeconds = 10) => new(
        Options.Create(new SmtpOptions
        {
            Host = TestSmtpServer.Host, Port = _server.Port, Security = SmtpSecurity.None, FromAddress = "noreply@acme.test", TimeoutSeconds = timeoutSeconds,
        }),
        clock,
        NullLogger<SmtpEmailTransport>.Instance);
}
