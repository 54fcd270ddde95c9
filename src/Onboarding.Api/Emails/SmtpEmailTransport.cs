using System.Globalization;
using MailKit;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Onboarding.Api.Emails;

/// <summary>Hands mails to an SMTP server over a few lasting connections. A singleton.</summary>
/// <remarks>
/// At least once: where the connection breaks after the text has been sent and before the server has answered, nobody
/// can know whether it was taken. The caller repeats with the same Message-Id.
/// </remarks>
internal sealed partial class SmtpEmailTransport(IOptions<SmtpOptions> options, TimeProvider clock, ILogger<SmtpEmailTransport> logger)
    : IEmailTransport, IAsyncDisposable
{
    private readonly SmtpConnectionPool _connections = new(options.Value, clock);
    private readonly TimeSpan _timeout = TimeSpan.FromSeconds(options.Value.TimeoutSeconds);

    public async Task SendAsync(OutgoingEmail email, CancellationToken cancellationToken)
    {
        using var message = Compose(email);
        using var timeout = new CancellationTokenSource(_timeout, clock);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            if (!await TrySendAsync(message, retryIfStale: true, deadline.Token))
            {
                LogStale(logger);
                _connections.DropIdle();
                await TrySendAsync(message, retryIfStale: false, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EmailRejectedException($"The mail server did not finish within {_timeout.TotalSeconds:0} s.", permanent: false);
        }
    }

    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    /// <returns>False when an older connection was dead before the server could have taken anything.</returns>
    private async Task<bool> TrySendAsync(MimeMessage message, bool retryIfStale, CancellationToken cancellationToken)
    {
        var (client, reused) = await RentAsync(cancellationToken);
        var transfer = new Transfer();
        var healthy = false;
        try
        {
            await client.SendAsync(message, cancellationToken, transfer);
            healthy = true;
            return true;
        }
        catch (SmtpCommandException e) when (e.StatusCode is not SmtpStatusCode.ServiceNotAvailable)
        {
            // The server refused this mail; MailKit has reset the session, which is as good as before.
            healthy = true;
            throw new EmailRejectedException(Describe(e), permanent: (int)e.StatusCode >= 500);
        }
        catch (Exception e) when (IsConnectionFailure(e))
        {
            if (reused && retryIfStale && !transfer.HasStarted)
            {
                return false;
            }

            throw ConnectionFailure(e);
        }
        catch (NotSupportedException e)
        {
            // An address outside ASCII, and a server without SMTPUTF8 (RFC 6531).
            throw new EmailRejectedException("The mail server cannot carry this address.", permanent: true, e);
        }
        finally
        {
            _connections.GiveBack(client, healthy);
        }
    }

    /// <summary>What goes wrong before the first mail is about the server, the network or our settings, never about the mail.</summary>
    private async Task<(SmtpClient Client, bool Reused)> RentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _connections.RentAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw ConnectionFailure(e);
        }
    }

    private static bool IsConnectionFailure(Exception e) => e
        is IOException
        or TimeoutException
        or ProtocolException
        or SmtpCommandException
        or System.Net.Sockets.SocketException
        or ServiceNotConnectedException
        or ServiceNotAuthenticatedException;

    private static EmailRejectedException ConnectionFailure(Exception e) => e is SmtpCommandException answer
        ? new(Describe(answer), permanent: false)
        : new("The mail server could not be used.", permanent: false, e);

    // The server's own sentence usually repeats the address, so only the code is kept.
    private static string Describe(SmtpCommandException e) => string.Create(
        CultureInfo.InvariantCulture, $"The mail server answered {(int)e.StatusCode} ({e.ErrorCode}).");

    private MimeMessage Compose(OutgoingEmail email)
    {
        try
        {
            return new MimeMessage(
                from: [Mailbox(email.FromName, email.FromAddress)],
                to: [Mailbox(email.ToName, email.To)],
                subject: HeaderText.SingleLine(email.Subject),
                body: new BodyBuilder { TextBody = email.Text, HtmlBody = email.Html }.ToMessageBody())
            {
                MessageId = MessageId(email.MessageId),
                Date = clock.GetUtcNow(),
                // RFC 3834: keeps holiday responders from answering.
                Headers = { { HeaderId.AutoSubmitted, "auto-generated" } },
            };
        }
        catch (Exception e) when (e is ParseException or ArgumentException)
        {
            throw new EmailRejectedException("The mail has an address or Message-Id that cannot be written.", permanent: true);
        }
    }

    // MimeKit takes a lone local part and an empty address for valid.
    private static MailboxAddress Mailbox(string name, string address) =>
        new MailboxAddress(HeaderText.SingleLine(name), address) is { LocalPart: not "", Domain: not "" } mailbox
            ? mailbox
            : throw new ArgumentException("An address has a local part and a domain.", nameof(address));

    // MimeKit would keep what stands before a line break and drop the rest: safe, but no longer the id that was asked for.
    private static string MessageId(string id) => id.Contains('@', StringComparison.Ordinal) && !id.Any(c => c <= ' ' || c is '<' or '>')
        ? id
        : throw new ArgumentException("A Message-Id is id@domain.", nameof(id));

    [LoggerMessage(Level = LogLevel.Debug, Message = "The mail server had closed a kept connection; connecting anew.")]
    private static partial void LogStale(ILogger logger);

    /// <summary>Tells whether any of the message's text has left: from then on the server may have taken it.</summary>
    private sealed class Transfer : ITransferProgress
    {
        public bool HasStarted { get; private set; }

        public void Report(long bytesTransferred, long totalSize) => HasStarted = true;

        public void Report(long bytesTransferred) => HasStarted = true;
    }
}
