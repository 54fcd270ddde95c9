using Onboarding.Api.Emails;

namespace Onboarding.Api.Jobs;

/// <summary>What became of one try to send a mail.</summary>
/// <param name="Error">Why it was not sent; null when it was. Names no address and no content.</param>
/// <param name="Retry">How long to wait before the next try; null with an error: it is given up.</param>
internal sealed record SendingOutcome(string? Error = null, TimeSpan? Retry = null);

/// <summary>Hands mails of organizations and of the platform to the mail server, and says whether and when to try again.</summary>
internal sealed class EmailSending(IEmailTransport transport, TimeProvider clock)
{
    // After these and all delays the mail is given up; where it is a member's, the queue of members shows it (ONB-12). One that has
    // waited for its organization to be let serve again has been tried less often.
    private static readonly TimeSpan GiveUp = TimeSpan.FromHours(24);

    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
    ];

    /// <param name="createdAt">When the mail was composed.</param>
    /// <param name="attempt">1 for the first try.</param>
    public async Task<SendingOutcome> TryAsync(OutgoingEmail email, DateTimeOffset createdAt, int attempt, CancellationToken cancellationToken)
    {
        try
        {
            await transport.SendAsync(email, cancellationToken);
            return new();
        }
        catch (EmailRejectedException exception)
        {
            return new(exception.Message, exception.IsPermanent || (attempt > Delays.Length && clock.GetUtcNow() > createdAt + GiveUp) ? null : DelayAfter(attempt));
        }
    }

    // +-20 %, so that mails which failed together do not come back together.
    private static TimeSpan DelayAfter(int attempt) => Delays[Math.Min(attempt, Delays.Length) - 1] * (0.8 + (Random.Shared.NextDouble() * 0.4));
}
