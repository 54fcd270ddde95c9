namespace Onboarding.Api.Development;

/// <summary>Section <c>Development</c>; read in Development only.</summary>
internal sealed class DevelopmentOptions
{
    public const string Section = "Development";

    /// <summary>Whether demo organizations are seeded; <c>--no-demo</c> turns it off.</summary>
    public bool Demo { get; set; } = true;

    /// <summary>Whether the private PostgreSQL is dropped first; <c>--reset</c>.</summary>
    public bool Reset { get; set; }
}
