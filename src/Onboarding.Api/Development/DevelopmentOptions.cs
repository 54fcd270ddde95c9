namespace Onboarding.Api.Development;

/// <summary>Section <c>Development</c>; read in Development only.</summary>
internal sealed class DevelopmentOptions
{
    public const string Section = "Development";

    /// <summary>Whether demo organizations are seeded; <c>--no-demo</c> turns it off.</summary>
    public bool Demo { get; set; } = true;

    /// <summary>Whether a fake Stripe is started where no key for the real one is configured.</summary>
    public bool Stripe { get; set; } = true;

    /// <summary>Whether the start prints where everything is; off for hosts whose output is somebody else's, such as a test run.</summary>
    public bool Greeting { get; set; } = true;

    /// <summary>Whether the private PostgreSQL is dropped first; <c>--reset</c>.</summary>
    public bool Reset { get; set; }
}
