using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;

namespace Onboarding.Api.Features.Platform;

/// <param name="EventId">The provider's id of the event.</param>
/// <param name="Customer">The provider's id of the customer whom it is about; null for none.</param>
/// <param name="Deliveries">How often it came.</param>
/// <param name="Anomalies">How often it came with another text under the same id.</param>
public sealed record CallbackResponse(string Provider, string EventId, string Type, CallbackState State, string? Customer, DateTimeOffset? OccurredAt, DateTimeOffset ReceivedAt, int Deliveries, int Anomalies)
{
    internal static readonly CallbackResponse Example = new(
        "stripe", "evt_1NG8Du2eZvKYlo2CUI79vXWy", "customer.subscription.updated", CallbackState.Unmatched, "cus_NffrFeUfNV2Hib", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1, 0);
}

/// <param name="State">Only those of which this became.</param>
public sealed record CallbacksQuery([property: FromQuery(Name = "state")] Choice<CallbackState>? State = null);

/// <summary>The inbox of what payment providers have called back about, newest first.</summary>
internal sealed class ListCallbacks(BillingDbContext db)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/callbacks", ([AsParameters] PageQuery page, [AsParameters] CallbacksQuery query, ListCallbacks useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, query, cancellationToken))
        .WithSummary("List callbacks of payment providers")
        .WithExample(response: new Page<CallbackResponse>([CallbackResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<CallbackResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CallbacksQuery query, CancellationToken cancellationToken)
    {
        // By provider, time and event: the id of an event is the provider's, and no UUID.
        if (!Cursor.TryRead(page.Cursor, out (string Value, Guid Id)? after) || (after is var (value, _) && !TryRead(value, out _, out _)))
        {
            return Paging.CursorInvalid();
        }

        var callbacks = db.Callbacks.AsNoTracking();
        callbacks = query.State is { Value: var state } ? callbacks.Where(c => c.State == state) : callbacks;
        if (after is var (place, _) && TryRead(place, out var at, out var eventId))
        {
            callbacks = callbacks.Where(c => c.ReceivedAt < at || (c.ReceivedAt == at && string.Compare(c.EventId, eventId) > 0));
        }

        var rows = await callbacks.OrderByDescending(c => c.ReceivedAt).ThenBy(c => c.EventId).Take(page.Take)
            .Select(c => new CallbackResponse(c.Provider, c.EventId, c.Type, c.State, c.CustomerExternalId, c.OccurredAt, c.ReceivedAt, c.Deliveries, c.Anomalies))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of($"{row.ReceivedAt.UtcTicks} {row.EventId}", Guid.Empty)));
    }

    private static bool TryRead(string place, out DateTimeOffset at, out string eventId)
    {
        var space = place.IndexOf(' ', StringComparison.Ordinal);
        var isRead = space > 0 && long.TryParse(place.AsSpan(0, space), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.Ticks
            ? ticks
            : -1;
        (at, eventId) = isRead < 0 ? (default, "") : (new DateTimeOffset(isRead, TimeSpan.Zero), place[(space + 1)..]);
        return isRead >= 0;
    }
}
