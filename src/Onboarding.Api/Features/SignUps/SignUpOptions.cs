namespace Onboarding.Api.Features.SignUps;

/// <summary>Section <c>SignUp</c>.</summary>
internal sealed class SignUpOptions
{
    public const string Section = "SignUp";

    /// <summary>Whether a stranger may create an organization. An operator always may.</summary>
    public bool Enabled { get; set; } = true;
}
