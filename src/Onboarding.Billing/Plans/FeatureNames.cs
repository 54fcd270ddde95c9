namespace Onboarding.Billing.Plans;

/// <summary>Names of the features that this product's code asks about. What each plan has of them is configuration.</summary>
public static class FeatureNames
{
    /// <summary>Roles of the organization's own.</summary>
    public const string CustomRoles = "custom_roles";

    /// <summary>Logo and colour of the organization's own in mails and pages.</summary>
    public const string CustomBranding = "custom_branding";

    /// <summary>Hosts of the organization's own.</summary>
    public const string CustomDomains = "custom_domains";

    /// <summary>The audit log as a file.</summary>
    public const string AuditExport = "audit_export";

    /// <summary>Sign-in by the organization's own identity provider.</summary>
    public const string Sso = "sso";

    /// <summary>More API keys than everybody has.</summary>
    public const string MoreApiKeys = "more_api_keys";

    /// <summary>More webhook endpoints than everybody has.</summary>
    public const string MoreWebhookEndpoints = "more_webhook_endpoints";

    /// <summary>All of them; the catalogue has to know each.</summary>
    public static IReadOnlyList<string> All { get; } = [CustomRoles, CustomBranding, CustomDomains, AuditExport, Sso, MoreApiKeys, MoreWebhookEndpoints];
}

/// <summary>Names of what a plan limits.</summary>
public static class QuotaNames
{
    /// <summary>Members who are let in.</summary>
    public const string Seats = "seats";

    /// <summary>API keys that are good.</summary>
    public const string ApiKeys = "api_keys";

    /// <summary>Webhook endpoints.</summary>
    public const string WebhookEndpoints = "webhook_endpoints";

    /// <summary>Requests by API keys in a calendar month, UTC.</summary>
    public const string ApiRequests = "api_requests";

    /// <summary>All of them; every plan has a number for each.</summary>
    public static IReadOnlyList<string> All { get; } = [Seats, ApiKeys, WebhookEndpoints, ApiRequests];
}
