using Microsoft.Extensions.Options;
using Onboarding.Api.Emails;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Mail;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Sends the mails that belong to no organization. Like the others it runs on every node, woken by <see cref="QueueBell"/>.</summary>
[DisallowConcurrentExecution]
internal sealed partial class DrainPlatformEmails(
    PlatformEmailQueue queue, EmailProtector protector, EmailRenderer renderer, EmailSending sending, QueueBell bell,
    IOptions<WebOptions> web, IOptions<SmtpOptions> smtp, IOptions<ProductOptions> product, TimeProvider clock, ILogger<DrainPlatformEmails> logger) : IJob
{
    private const int Batch = 16;
    private const int AtOnce = 4;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        bell.Answer<DrainPlatformEmails>();
        IReadOnlyList<ClaimedPlatformEmail> claimed;
        do
        {
            // As many as are sent well within the lease, so that none is overtaken.
            claimed = await queue.ClaimAsync(Batch, WorkRunner.Lease, cancellationToken);
            await Parallel.ForEachAsync(
                claimed,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = CancellationToken.None },
                async (email, _) => await HandleAsync(email, cancellationToken));
        }
        while (claimed.Count == Batch && !cancellationToken.IsCancellationRequested);
    }

    private async Task HandleAsync(ClaimedPlatformEmail email, CancellationToken stopping)
    {
        try
        {
            var retry = stopping.IsCancellationRequested ? TimeSpan.Zero : await SendAsync(email, stopping);
            await (retry is { } delay ? queue.RetryAsync(email, delay, CancellationToken.None) : queue.RemoveAsync(email, CancellationToken.None));
        }
        catch (Exception exception)
        {
            Failed(exception, email.Id, email.Attempt);
            await queue.RetryAsync(email, stopping.IsCancellationRequested ? TimeSpan.Zero : AfterFailure, CancellationToken.None);
        }
    }

    /// <returns>When to try again; null when it has left, or never will.</returns>
    private async Task<TimeSpan?> SendAsync(ClaimedPlatformEmail email, CancellationToken stopping)
    {
        if (clock.GetUtcNow() >= email.ExpiresAt)
        {
            return null;
        }

        // What has begun is finished while the stop can wait: giving up in the middle leaves it unknown whether it was sent.
        using var giveUp = new CancellationTokenSource();
        await using var stop = stopping.Register(() => giveUp.CancelAfter(WorkRunner.WhileStopping));
        var outcome = await sending.TryAsync(await RenderAsync(email), email.CreatedAt, email.Attempt, giveUp.Token);
        if (outcome is { Error: { } error, Retry: null })
        {
            GivenUp(email.Id, error);
        }

        return outcome.Retry;
    }

    private async Task<OutgoingEmail> RenderAsync(ClaimedPlatformEmail email)
    {
        var (to, name, mail) = protector.Unprotect(email.Content, organization: null);
        var rendered = await renderer.RenderAsync(mail, EmailBranding.Of(product.Value));
        return new OutgoingEmail(
            $"{email.Id:N}@{web.Value.BaseDomain}", Organization: null, to, name, smtp.Value.FromAddress, product.Value.Name, rendered.Subject, rendered.Html, rendered.Text);
    }

    [LoggerMessage(LogLevel.Error, "Mail {Id} of the platform failed at attempt {Attempt}; it will be tried again.")]
    private partial void Failed(Exception exception, Guid id, int attempt);

    [LoggerMessage(LogLevel.Warning, "Mail {Id} of the platform was given up: {Error}")]
    private partial void GivenUp(Guid id, string error);
}
