using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Type">Type of the event.</param>
/// <param name="OccurredAt">When the event happened.</param>
/// <param name="Deliveries">To how many endpoints it was or is on its way.</param>
public sealed record MessageResponse(Guid Id, string Type, DateTimeOffset OccurredAt, int Deliveries)
{
    internal static readonly MessageResponse Example = new(Guid.Empty, "member.approved", DateTimeOffset.UnixEpoch, 1);
}

/// <param name="Type">Only messages of this type.</param>
public sealed record MessagesQuery([property: FromQuery(Name = "type"), System.ComponentModel.DataAnnotations.MaxLength(64)] string? Type = null);

/// <summary>Events that an endpoint heard of, newest first.</summary>
internal sealed class ListMessages(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/messages", ([AsParameters] PageQuery page, [AsParameters] MessagesQuery query, ListMessages useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("List webhook messages")
        .WithExample(response: new Page<MessageResponse>([MessageResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<MessageResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, MessagesQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var messages = query.Type is { } type ? db.WebhookMessages.Where(m => m.Type == type) : db.WebhookMessages;
        messages = after is var (_, id) ? messages.Where(m => m.Id < id) : messages;
        var rows = await messages.AsNoTracking().OrderByDescending(m => m.Id).Take(page.Take)
            .Select(m => new MessageResponse(m.Id, m.Type, m.OccurredAt, db.WebhookDeliveries.Count(d => d.MessageId == m.Id)))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.OccurredAt, row.Id)));
    }
}
