namespace Onboarding.Tenancy.Isolation;

/// <summary>A unit of work has no organization. Nothing was sent to the database (SEC-5).</summary>
public sealed class TenantRequiredException() : InvalidOperationException(
    "This unit of work has no organization: resolve one from the request, or open a TenantScope.");
