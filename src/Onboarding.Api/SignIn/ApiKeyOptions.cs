using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.SignIn;

/// <summary>Section <c>ApiKeys</c>.</summary>
internal sealed class ApiKeyOptions
{
    public const string Section = "ApiKeys";

    /// <summary>How long a key is good for that is created without an expiry (SEC-34).</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(365);

    /// <summary>Requests a minute of a key that has no limit of its own.</summary>
    [Range(1, 1_000_000)]
    public int RateLimit { get; set; } = 600;

    /// <summary>How often a node writes down how much keys were used, and when last.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan UsageInterval { get; set; } = TimeSpan.FromMinutes(1);
}
