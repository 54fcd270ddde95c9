using System.Linq.Expressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>What has become of a delivery.</summary>
public enum DeliveryState
{
    /// <summary>Waits for its first or next attempt.</summary>
    Pending,

    /// <summary>Waits until its endpoint is enabled again.</summary>
    Parked,

    /// <summary>Was answered with success.</summary>
    Delivered,

    /// <summary>Every attempt failed.</summary>
    Failed,

    /// <summary>Somebody decided that it need not arrive.</summary>
    Skipped,
}

/// <param name="MessageId">What is delivered; sent as <c>webhook-id: msg_</c> and this id without hyphens.</param>
/// <param name="EventType">Type of the event.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAttemptAt">When it is tried next; null once it is finished.</param>
/// <param name="LastStatusCode">Status code of the last answer.</param>
/// <param name="LastError">What the last attempt failed of, such as <c>status_500</c>, <c>timeout</c> or <c>blocked_address</c>.</param>
public sealed record DeliveryResponse(
    Guid Id, Guid MessageId, Guid EndpointId, string EventType, DeliveryState Status, int Attempts, DateTimeOffset? NextAttemptAt,
    int? LastStatusCode, string? LastError, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt)
{
    internal static readonly DeliveryResponse Example = new(
        Guid.Empty, Guid.Empty, Guid.Empty, "member.approved", DeliveryState.Delivered, 1, null, 200, null, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    internal static Expression<Func<WebhookDelivery, DeliveryResponse>> From(TenantDbContext db) => d => new DeliveryResponse(
        d.Id, d.MessageId, d.EndpointId, db.WebhookMessages.Where(m => m.Id == d.MessageId).Select(m => m.Type).First(),
        d.Status == WebhookDeliveryStatus.Delivered ? DeliveryState.Delivered
            : d.Status == WebhookDeliveryStatus.Failed ? DeliveryState.Failed
            : d.Status == WebhookDeliveryStatus.Skipped ? DeliveryState.Skipped
            : db.WebhookEndpoints.Any(e => e.Id == d.EndpointId && e.Status == WebhookEndpointStatus.Disabled) ? DeliveryState.Parked
            : DeliveryState.Pending,
        d.Attempts, d.NextAttemptAt, d.LastStatusCode, d.LastError, d.CreatedAt, d.FinishedAt);

    internal static ProblemHttpResult NotFound() => Problems.NotFound("delivery.not_found", "There is no such delivery in this organization.");
}
