using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>What becomes of a delivery after an attempt, ready to be recorded.</summary>
/// <param name="Turn">The turn in which it was sent.</param>
/// <param name="Due">What was sent.</param>
/// <param name="AttemptId">UUIDv7.</param>
/// <param name="StartedAt">When the attempt began.</param>
/// <param name="Exchange">How it ended.</param>
/// <param name="Status">What the delivery is from now on.</param>
/// <param name="NextAttemptAt">When it is tried again; null when it has finished.</param>
/// <param name="PausedUntil">Until when its endpoint is left alone; null when it did not ask for that.</param>
/// <param name="Disable">Why its endpoint is disabled by this; null when it is not.</param>
/// <param name="Events">What others have to hear of, if this is recorded.</param>
internal sealed record Verdict(
    EndpointTurn Turn, DueDelivery Due, Guid AttemptId, DateTimeOffset StartedAt, WebhookExchange Exchange,
    WebhookDeliveryStatus Status, DateTimeOffset? NextAttemptAt, DateTimeOffset? PausedUntil, WebhookDisabledReason? Disable, IReadOnlyList<DomainEvent> Events)
{
    /// <summary>What it failed of, as its organization reads it; null for a success.</summary>
    public string? Error => Exchange switch
    {
        { Succeeded: true } => null,
        { Status: { } status } => $"status_{status}",
        { Error: { } error } => JsonNamingPolicy.SnakeCaseLower.ConvertName(error.ToString()),
        _ => "unknown",
    };
}

/// <summary>Judges attempts: pure rules that take a clock.</summary>
internal sealed class Verdicts(IOptions<WebhookOptions> webhooks, IOptions<DeliveryOptions> options, TimeProvider clock)
{
    /// <summary>How long an endpoint that is overloaded is left alone when it does not say for how long.</summary>
    private static readonly TimeSpan Relief = TimeSpan.FromSeconds(10);

    /// <summary>Relief doubles with each failure in a row, up to this.</summary>
    private static readonly TimeSpan MaxRelief = TimeSpan.FromMinutes(5);

    private readonly RetrySchedule schedule = RetrySchedule.From(webhooks.Value);

    public Verdict Of(EndpointTurn turn, DueDelivery due, WebhookExchange exchange, DateTimeOffset startedAt)
    {
        var now = clock.GetUtcNow();
        var (endpoint, events) = (turn.Endpoint, new List<DomainEvent>());
        if (exchange.Succeeded)
        {
            if (turn.Judge(health => health.Success()) == HealthChange.Recovered)
            {
                events.Add(new EndpointRecovered(endpoint.Id, endpoint.Url.OriginalString, now));
            }

            return new(turn, due, Ids.New(startedAt), startedAt, exchange, WebhookDeliveryStatus.Delivered, NextAttemptAt: null, PausedUntil: null, Disable: null, events);
        }

        var change = turn.Judge(health => health.Failure(startedAt, options.Value.DisableAfter));
        WebhookDisabledReason? disable = exchange.Status == (int)HttpStatusCode.Gone ? WebhookDisabledReason.Gone
            : change == HealthChange.Hopeless ? WebhookDisabledReason.Failing
            : null;
        var pausedUntil = PausedUntil(turn, exchange, now);
        if (disable is not null || pausedUntil is not null || endpoint.Ordered)
        {
            turn.HoldUp();
        }

        var pause = schedule.Next(due.Tries + 1, Random.Shared);
        if (pause is null && !IsOperational(due.Type))
        {
            events.Add(new DeliveryExhausted(endpoint.Id, due.Id, due.MessageId, now));
        }

        var status = pause is null ? WebhookDeliveryStatus.Failed : WebhookDeliveryStatus.Pending;
        var next = now + pause;
        return new(turn, due, Ids.New(startedAt), startedAt, exchange, status, next < pausedUntil ? pausedUntil : next, pausedUntil, disable, events);
    }

    private static DateTimeOffset? PausedUntil(EndpointTurn turn, WebhookExchange exchange, DateTimeOffset now)
    {
        if (exchange.RetryAfter is { } asked)
        {
            return now + asked;
        }

        if (exchange.Status is not ((int)HttpStatusCode.TooManyRequests or (int)HttpStatusCode.BadGateway or (int)HttpStatusCode.GatewayTimeout))
        {
            return null;
        }

        var relief = Relief * Math.Pow(2, Math.Min(turn.Health.Failures - 1, 10));
        return now + (relief < MaxRelief ? relief : MaxRelief);
    }

    // News of webhooks that cannot be delivered makes no further news: two dead endpoints would tell each other for ever.
    private static bool IsOperational(string type) =>
        type.StartsWith("endpoint.", StringComparison.Ordinal) || type.StartsWith("delivery.", StringComparison.Ordinal);
}
