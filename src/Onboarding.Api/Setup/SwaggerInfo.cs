using Microsoft.OpenApi;

using Onboarding.Api.SignIn;

namespace Onboarding.Api.Setup;

/// <summary>The fixed texts of the OpenAPI document.</summary>
internal static class SwaggerInfo
{
    public static OpenApiInfo Info => new()
    {
        Title = "Onboarding API",
        Version = "v1",
        Description = """
            Registration with approval, sign-in, members, API keys, webhooks and billing for many organizations.

            **Organization.** Call `https://{identifier}.{base domain}`, or the bare domain with the header `X-Tenant: {identifier}`.

            **Errors** are `application/problem+json` (RFC 9457). Branch on `code`; quote `trace_id` when you ask for help.

            **Lists** take `limit` and `cursor`, and answer `{"data": [...], "next_cursor": null}`.
            """,
        Contact = new OpenApiContact { Name = "Onboarding", Url = new Uri("https://github.com/onboarding/onboarding") },
        License = new OpenApiLicense { Name = "MIT", Url = new Uri("https://opensource.org/license/mit") },
    };

    public static OpenApiSecurityScheme BearerScheme => new()
    {
        Type = SecuritySchemeType.Http,
        Scheme = "bearer",
        BearerFormat = "JWT",
        Description = "The `access` token of `POST /login`, or an API key (`ok_live_...`).",
    };

    public static OpenApiSecurityScheme ApiKeyScheme => new()
    {
        Type = SecuritySchemeType.ApiKey,
        In = ParameterLocation.Header,
        Name = PresentedApiKey.Header,
        Description = "An API key (`ok_live_...`); its scopes are permissions.",
    };

    /// <summary>In the order of the page.</summary>
    public static IReadOnlyList<OpenApiTag> Tags =>
    [
        new() { Name = "Auth", Description = "Registration, sign-in and the signed-in member." },
        new() { Name = "Admin", Description = "The approval queue, rules, the organization's settings and its audit log." },
        new() { Name = "Organizations", Description = "Founding an organization." },
        new() { Name = "Members", Description = "Members, their roles and invitations." },
        new() { Name = "Api keys", Description = "Keys for machines." },
        new() { Name = "Webhooks", Description = "Endpoints, messages and deliveries." },
        new() { Name = "Billing", Description = "Plans, subscription, invoices and usage." },
        new() { Name = "Platform", Description = "For super administrators: all organizations and the state of the system." },
    ];
}
