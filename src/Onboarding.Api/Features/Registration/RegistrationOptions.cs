using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.Features.Registration;

/// <summary>Section <c>Registration</c>.</summary>
internal sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>How long after a rejection the same address may register again (ONB-4).</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan CoolDown { get; set; } = TimeSpan.FromHours(24);
}
