using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="EventTypes">Types, groups such as <c>member.*</c>, or <c>*</c>.</param>
/// <param name="Headers">Names of its own headers; their values are not shown again.</param>
/// <param name="RateLimit">Requests a second at most; null for no limit.</param>
/// <param name="Ordered">Whether a delivery waits until the one before it has been delivered, skipped or given up.</param>
/// <param name="Signature"><c>v1</c> (HMAC-SHA256) or <c>v1a</c> (ed25519), as Standard Webhooks names them.</param>
/// <param name="PublicKey">With <c>v1a</c>: what receivers verify by.</param>
/// <param name="DisabledReason">Why it is disabled.</param>
/// <param name="Failures">How many attempts in a row have failed.</param>
/// <param name="FailingSince">When the first of those failures was.</param>
/// <param name="PausedUntil">Until when it asked to be left alone.</param>
public sealed record EndpointResponse(
    Guid Id, string Url, string Description, IReadOnlyList<string> EventTypes, IReadOnlyList<string> Headers, int? RateLimit, bool Ordered,
    WebhookSecretKind Signature, string? PublicKey, WebhookEndpointStatus Status, WebhookDisabledReason? DisabledReason, DateTimeOffset? DisabledAt,
    int Failures, DateTimeOffset? FailingSince, DateTimeOffset? PausedUntil, DateTimeOffset CreatedAt)
{
    internal static readonly EndpointResponse Example = new(
        Guid.Empty, "https://example.com/hooks", "CRM", ["member.*"], ["Authorization"], 10, false,
        WebhookSecretKind.V1, null, WebhookEndpointStatus.Active, null, null, 0, null, null, DateTimeOffset.UnixEpoch);

    internal static EndpointResponse Of(WebhookEndpoint endpoint, EndpointSecrets secrets, Guid scope)
    {
        var current = WebhookSecret.Parse(secrets.Unprotect(endpoint.Secrets, scope)[0].Secret)!;
        return new(
            endpoint.Id, endpoint.Url, endpoint.Description, endpoint.EventTypes, [.. secrets.UnprotectHeaders(endpoint.Headers, scope).Keys],
            endpoint.RateLimit, endpoint.Ordered, current.Kind, current.PublicKey, endpoint.Status, endpoint.DisabledReason, endpoint.DisabledAt,
            endpoint.Failures, endpoint.FailingSince, endpoint.PausedUntil, endpoint.CreatedAt);
    }
}
