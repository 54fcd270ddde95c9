namespace Onboarding.Api.Emails;

/// <summary>A mail that would have been sent; the shape of <c>/dev/mailbox.json</c>. The organization is its identifier; null for a mail of the platform's own.</summary>
public sealed record DevelopmentMail(
    string To,
    string Subject,
    string Text,
    string Html,
    DateTimeOffset SentAt,
    string? Organization);

/// <summary>In development nothing leaves the machine: the newest 500 mails stay here, in memory. A singleton.</summary>
internal sealed class DevelopmentMailbox(TimeProvider clock) : IEmailTransport
{
    public const int Capacity = 500;

    private readonly Lock _gate = new();
    private readonly Queue<DevelopmentMail> _mails = new(Capacity);

    public Task SendAsync(OutgoingEmail email, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_mails.Count == Capacity)
            {
                _mails.Dequeue();
            }

            _mails.Enqueue(new(email.To, email.Subject, email.Text, email.Html, clock.GetUtcNow(), email.Organization));
        }

        return Task.CompletedTask;
    }

    /// <param name="to">An address in any case, or null for all.</param>
    public IReadOnlyList<DevelopmentMail> Newest(string? to = null)
    {
        lock (_gate)
        {
            return
            [
                .. _mails
                    .Where(mail => string.IsNullOrEmpty(to) || string.Equals(mail.To, to, StringComparison.OrdinalIgnoreCase))
                    .Reverse(),
            ];
        }
    }
}
