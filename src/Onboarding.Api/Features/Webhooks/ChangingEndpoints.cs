using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Events;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>How every change of an endpoint runs, and what may be said about one.</summary>
internal sealed class ChangingEndpoints(TenantDbContext db, RequestActor actor, EndpointSecrets secrets, IOptions<WebhookOptions> options)
{
    public const int MaxEventTypes = 100;
    public const int MaxRateLimit = 1_000;

    /// <summary>Changes one endpoint, locked, so that neither another admin nor a delivery comes in between.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Changes it and returns what happened; null when there was nothing to change, or a problem.</param>
    public Task<Results<Ok<EndpointResponse>, ProblemHttpResult>> RunAsync(
        Guid id, Func<WebhookEndpoint, Task<(DomainEvent? Happened, ProblemHttpResult? Refusal)>> change, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Ok<EndpointResponse>, ProblemHttpResult>>(
            async () =>
            {
                if (await LockAsync(id, cancellationToken) is not { } endpoint)
                {
                    return NotFound();
                }

                var (happened, refusal) = await change(endpoint);
                if (refusal is not null)
                {
                    return refusal;
                }

                if (happened is not null)
                {
                    db.Record(happened, actor.ToActor());
                }

                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Ok(Response(endpoint));
            },
            cancellationToken);

    /// <summary>The endpoint, locked until the end of the transaction.</summary>
    public Task<WebhookEndpoint?> LockAsync(Guid id, CancellationToken cancellationToken) =>
        db.WebhookEndpoints.FromSql($"SELECT *, xmin FROM webhook_endpoints WHERE id = {id} FOR NO KEY UPDATE").SingleOrDefaultAsync(cancellationToken);

    public EndpointResponse Response(WebhookEndpoint endpoint) => EndpointResponse.Of(endpoint, secrets, db.Organization!.SecretScope);

    /// <summary>Why an endpoint cannot be like this; null leaves a value as it is.</summary>
    public ProblemHttpResult? Refusal(string? url, IReadOnlyList<string>? eventTypes, IReadOnlyDictionary<string, string>? headers)
    {
        if (url is not null && EndpointUrl.Refusal(url, options.Value.AllowPrivateNetworks) is { } sentence)
        {
            return Problems.BadRequest("endpoint.url_refused", sentence);
        }

        if (eventTypes?.Contains(null!) == true)
        {
            return Problems.Invalid("event_types", "Each is the name of a type.");
        }

        if (eventTypes?.FirstOrDefault(pattern => !EventCatalogue.Knows(pattern)) is { } unknown)
        {
            return Problems.BadRequest("event_type.unknown", $"There is no event type {unknown}; GET /webhooks/event-types lists them.");
        }

        return headers is not null && StaticHeaders.Refusal(headers) is { } refusal ? Problems.Invalid("headers", refusal) : null;
    }

    public static ProblemHttpResult NotFound() => Problems.NotFound("endpoint.not_found", "There is no such webhook endpoint in this organization.");
}
