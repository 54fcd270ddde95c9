using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="EndpointId">Only deliveries to this endpoint.</param>
/// <param name="MessageId">Only deliveries of this message.</param>
/// <param name="Status">Only deliveries of which this has become.</param>
public sealed record DeliveriesQuery(
    [property: FromQuery(Name = "endpoint_id")] Guid? EndpointId = null,
    [property: FromQuery(Name = "message_id")] Guid? MessageId = null,
    [property: FromQuery(Name = "status")] Choice<DeliveryState>? Status = null);

/// <summary>What is or was on its way, newest first.</summary>
internal sealed class ListDeliveries(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/deliveries", ([AsParameters] PageQuery page, [AsParameters] DeliveriesQuery query, ListDeliveries useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("List webhook deliveries")
        .WithExample(response: new Page<DeliveryResponse>([DeliveryResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<DeliveryResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, DeliveriesQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var deliveries = query.Status?.Value switch
        {
            DeliveryState.Delivered => db.WebhookDeliveries.Where(d => d.Status == WebhookDeliveryStatus.Delivered),
            DeliveryState.Failed => db.WebhookDeliveries.Where(d => d.Status == WebhookDeliveryStatus.Failed),
            DeliveryState.Skipped => db.WebhookDeliveries.Where(d => d.Status == WebhookDeliveryStatus.Skipped),
            DeliveryState.Pending => Waiting(WebhookEndpointStatus.Active),
            DeliveryState.Parked => Waiting(WebhookEndpointStatus.Disabled),
            _ => db.WebhookDeliveries,
        };
        deliveries = query.EndpointId is { } endpoint ? deliveries.Where(d => d.EndpointId == endpoint) : deliveries;
        deliveries = query.MessageId is { } message ? deliveries.Where(d => d.MessageId == message) : deliveries;
        deliveries = after is var (_, id) ? deliveries.Where(d => d.Id < id) : deliveries;
        var rows = await deliveries.AsNoTracking().OrderByDescending(d => d.Id).Take(page.Take).Select(DeliveryResponse.From(db)).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }

    private IQueryable<WebhookDelivery> Waiting(WebhookEndpointStatus endpoint) =>
        db.WebhookDeliveries.Where(d => d.Status == WebhookDeliveryStatus.Pending && db.WebhookEndpoints.Any(e => e.Id == d.EndpointId && e.Status == endpoint));
}
