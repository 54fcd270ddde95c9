using System.ComponentModel.DataAnnotations;
using Onboarding.Webhooks.Deliveries;

namespace Onboarding.Webhooks;

/// <summary>Section <c>Webhooks</c>: how webhooks are sent.</summary>
public sealed class WebhookOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Webhooks";

    /// <summary>For one exchange in total: looking up the name, connecting, sending, and reading the answer (SEC-42). The queue's lease is longer.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00", ErrorMessage = "Webhooks:Timeout takes 1 second to 1 minute.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>For Development: sends to any address, and over http too. In production it lets customers reach the machines behind the firewall.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>The longest pause that a receiver can ask for with Retry-After.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Webhooks:MaxRetryAfter takes up to 1 day.")]
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The pauses between attempts, each counted from the failure before it; with n of them a message is tried n + 1
    /// times. Empty: <see cref="RetrySchedule.Default"/>.
    /// </summary>
    // Empty and not the default itself: what is configured is added to what stands here.
    public IReadOnlyList<TimeSpan> Schedule { get; set; } = [];

    /// <summary>By which part a pause is made longer or shorter at random, so that what failed together does not come back together.</summary>
    [Range(0, 0.9, ErrorMessage = "Webhooks:Jitter takes 0 to 0.9.")]
    public double Jitter { get; set; } = 0.2;

    /// <summary>How long a connection is used, so that changes of the DNS are followed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "Webhooks:ConnectionLifetime takes 1 second to 1 hour.")]
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>What receivers see as <c>User-Agent</c>: product/version.</summary>
    [RegularExpression("[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", ErrorMessage = "Webhooks:UserAgent has the form product/version.")]
    public string UserAgent { get; set; } = "Onboarding-Webhooks/1.0";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Schedule.Any(pause => pause <= TimeSpan.Zero || pause > TimeSpan.FromDays(7)))
        {
            yield return new("Webhooks:Schedule takes pauses of up to 7 days, none of them zero.", [nameof(Schedule)]);
        }
    }
}
