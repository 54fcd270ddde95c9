using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Webhooks.Events;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Body">What is or was sent.</param>
/// <param name="Deliveries">What became of it at each endpoint.</param>
public sealed record MessageDetailsResponse(Guid Id, string Type, DateTimeOffset OccurredAt, IReadOnlyDictionary<string, JsonElement> Body, IReadOnlyList<DeliveryResponse> Deliveries)
{
    internal static readonly MessageDetailsResponse Example = new(
        Guid.Empty, "member.approved", DateTimeOffset.UnixEpoch, EventTypeResponse.Members(EventCatalogue.Find("member.approved")!.Example), [DeliveryResponse.Example]);
}

/// <summary>One message with its body, for whoever may read what it tells of, and its deliveries; there are no more of those than an organization has endpoints.</summary>
internal sealed class GetMessage(TenantDbContext db, EventAccess access)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/messages/{id:guid}", (Guid id, GetMessage useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("Get a webhook message")
        .WithExample(response: MessageDetailsResponse.Example)
        .WithErrors(("message.not_found", 404));

    public async Task<Results<Ok<MessageDetailsResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await db.WebhookMessages.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, cancellationToken) is not { } message)
        {
            return Problems.NotFound("message.not_found", "There is no such webhook message in this organization.");
        }

        if (access.Refusal(message.Type) is { } refusal)
        {
            return refusal;
        }

        var deliveries = await db.WebhookDeliveries.AsNoTracking().Where(d => d.MessageId == id).OrderBy(d => d.Id).Select(DeliveryResponse.From(db)).ToListAsync(cancellationToken);
        return TypedResults.Ok(new MessageDetailsResponse(message.Id, message.Type, message.OccurredAt, JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(message.Body)!, deliveries));
    }
}
