using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Number">1 for the first.</param>
/// <param name="DurationMs">How long the whole exchange took, in milliseconds.</param>
/// <param name="StatusCode">Status code of the answer; null when there was none.</param>
/// <param name="Error">What it failed of; null for a success.</param>
/// <param name="Response">The first 20 kB of the answer, as text.</param>
public sealed record AttemptResponse(Guid Id, int Number, DateTimeOffset StartedAt, int DurationMs, int? StatusCode, string? Error, string Response)
{
    internal static readonly AttemptResponse Example = new(Guid.Empty, 1, DateTimeOffset.UnixEpoch, 48, 200, null, "ok");

    internal static AttemptResponse Of(WebhookAttempt attempt) => new(
        attempt.Id, attempt.Number, attempt.StartedAt, attempt.DurationMs, attempt.StatusCode, attempt.Error, Encoding.UTF8.GetString(attempt.Response));
}

/// <summary>Every request that was made for a delivery, newest first, for whoever may read what it told of: an answer may repeat it.</summary>
internal sealed class ListAttempts(TenantDbContext db, EventAccess access)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/deliveries/{id:guid}/attempts", (Guid id, [AsParameters] PageQuery page, ListAttempts useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, page, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("List the attempts of a webhook delivery")
        .WithExample(response: new Page<AttemptResponse>([AttemptResponse.Example], null))
        .WithErrors(("cursor.invalid", 400), ("delivery.not_found", 404));

    public async Task<Results<Ok<Page<AttemptResponse>>, ProblemHttpResult>> HandleAsync(Guid id, PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        // Answers stay until their month is dropped, and are nobody's once the endpoint and its deliveries are gone.
        var type = await db.WebhookDeliveries.Where(d => d.Id == id).Join(db.WebhookMessages, d => d.MessageId, m => m.Id, (_, m) => m.Type).SingleOrDefaultAsync(cancellationToken);
        if ((type is null ? DeliveryResponse.NotFound() : access.Refusal(type)) is { } refusal)
        {
            return refusal;
        }

        var attempts = db.WebhookAttempts.AsNoTracking().Where(a => a.DeliveryId == id);
        attempts = after is var (at, last) ? attempts.Where(a => a.StartedAt < at || (a.StartedAt == at && a.Id < last)) : attempts;
        var rows = await attempts.OrderByDescending(a => a.StartedAt).ThenByDescending(a => a.Id).Take(page.Take).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.Select(AttemptResponse.Of).ToList().ToPage(page, row => Cursor.Of(row.StartedAt, row.Id)));
    }
}
