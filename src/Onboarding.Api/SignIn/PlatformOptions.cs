using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.SignIn;

/// <summary>Section <c>Platform</c>: sessions of super admins, which are short.</summary>
internal sealed class PlatformOptions
{
    public const string Section = "Platform";

    /// <summary>A session of a super admin that lies unused for so long has ended.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "1.00:00:00", ErrorMessage = "Platform:SessionIdle takes 5 minutes to a day.")]
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>A session of a super admin ends after so long, however busy. No longer than a day: its token is good for as long.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "1.00:00:00", ErrorMessage = "Platform:SessionAbsolute takes 5 minutes to a day.")]
    public TimeSpan SessionAbsolute { get; set; } = TimeSpan.FromHours(8);

    /// <summary>How long a super admin may act inside an organization before having to say again why.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "00:30:00", ErrorMessage = "Platform:AccessLifetime takes 1 to 30 minutes.")]
    public TimeSpan AccessLifetime { get; set; } = TimeSpan.FromMinutes(30);
}
