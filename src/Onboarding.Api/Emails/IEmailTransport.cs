namespace Onboarding.Api.Emails;

/// <summary>A mail that is ready to leave.</summary>
/// <remarks>
/// <c>MessageId</c> is <c>id@domain</c> without angle brackets (RFC 5322, 3.6.4) and the same for every attempt, so that a
/// repeat after a crash is recognizable. <c>Organization</c> is an identifier, null for a mail of the platform's own, and not part of the message.
/// </remarks>
internal sealed record OutgoingEmail(
    string MessageId,
    string? Organization,
    string To,
    string ToName,
    string FromAddress,
    string FromName,
    string Subject,
    string Html,
    string Text)
{
    /// <summary>Says which mail, never to whom or with which code.</summary>
    public override string ToString() => $"{nameof(OutgoingEmail)} {MessageId}";
}

/// <summary>The way out of the house: SMTP, or the mailbox of the development machine.</summary>
internal interface IEmailTransport
{
    /// <summary>Returns once the mail has been handed over.</summary>
    /// <exception cref="EmailRejectedException">It was not; the exception says whether trying again can help.</exception>
    Task SendAsync(OutgoingEmail email, CancellationToken cancellationToken);
}
