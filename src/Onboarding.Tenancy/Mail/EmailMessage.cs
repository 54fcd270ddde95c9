namespace Onboarding.Tenancy.Mail;

/// <summary>How far a mail has come.</summary>
public enum EmailStatus
{
    /// <summary>Composed; waits to be sent or to be tried again.</summary>
    Queued,

    /// <summary>Taken by the mail server; its content is gone from here.</summary>
    Sent,

    /// <summary>Refused for good, or tried too often; the queue shows it and offers to resend (ONB-12).</summary>
    Failed,

    /// <summary>What it carried was no longer good when its turn came.</summary>
    Expired,
}

/// <summary>A composed mail. Its content is encrypted and is purged once sent, because it carries codes and links (SEC-9).</summary>
public sealed class EmailMessage
{
    private EmailMessage()
    {
    }

    /// <summary>UUIDv7; also part of its Message-Id, so that a repeat after a crash is recognizable.</summary>
    public Guid Id { get; private init; }

    /// <summary>The event that asked for it: handled twice, it composes the same mail to the same person once (FAULT-2).</summary>
    public Guid EventId { get; private init; }

    /// <summary>The member it goes to; null for an invited person.</summary>
    public Guid? MemberId { get; private init; }

    /// <summary>The invitation it carries, if it does.</summary>
    public Guid? InvitationId { get; private init; }

    /// <summary>Which mail it is, such as <c>verification_code</c>.</summary>
    public string Template { get; private init; } = "";

    /// <summary>Address, name and content, encrypted; null once it is sent or no longer good.</summary>
    public byte[]? Content { get; private set; }

    /// <summary>How far it has come.</summary>
    public EmailStatus Status { get; private set; }

    /// <summary>When it was composed.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When its content stops being good, if it does.</summary>
    public DateTimeOffset? ExpiresAt { get; private init; }

    /// <summary>When it was sent or given up.</summary>
    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>What the mail server said last; no address, no content.</summary>
    public string? LastError { get; private set; }

    /// <summary>A composed mail, ready to be sent.</summary>
    public static EmailMessage Compose(
        Guid eventId, Guid? memberId, Guid? invitationId, string template, byte[] content, DateTimeOffset? expiresAt, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        EventId = eventId,
        MemberId = memberId,
        InvitationId = invitationId,
        Template = template,
        Content = content,
        Status = EmailStatus.Queued,
        CreatedAt = now,
        ExpiresAt = expiresAt,
    };

    /// <summary>The mail server has it.</summary>
    public void MarkSent(DateTimeOffset now) => Finish(EmailStatus.Sent, error: null, now);

    /// <summary>It cannot be delivered.</summary>
    public void MarkFailed(string error, DateTimeOffset now) => Finish(EmailStatus.Failed, error, now);

    /// <summary>Its content is no longer good.</summary>
    public void MarkExpired(DateTimeOffset now) => Finish(EmailStatus.Expired, LastError, now);

    /// <summary>It will be tried again.</summary>
    public void NoteError(string error) => LastError = error;

    /// <summary>Has it sent after all, on a locked row only. False when it is under way or sent, or its content is no longer good.</summary>
    public bool TryQueueAgain(DateTimeOffset now)
    {
        if (Status != EmailStatus.Failed || Content is null || now >= ExpiresAt)
        {
            return false;
        }

        (Status, FinishedAt) = (EmailStatus.Queued, null);
        return true;
    }

    private void Finish(EmailStatus status, string? error, DateTimeOffset now)
    {
        Status = status;
        LastError = error;
        FinishedAt = now;

        // What was given up may be asked for again once the reason is gone.
        Content = status == EmailStatus.Failed ? Content : null;
    }
}
