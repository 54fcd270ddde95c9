using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;
using Onboarding.Webhooks.Endpoints;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Url">Left out, it stays, like everything else. With another one, all that waits is due at once. It takes the permissions of all that the endpoint hears or was sent, and so do <c>headers</c>.</param>
/// <param name="EventTypes">Replaced as a whole; takes the permissions of all of them.</param>
/// <param name="Headers">Replaced as a whole; an empty object takes all of them off. Where there are some, a URL with another scheme, host or port needs this too.</param>
/// <param name="RateLimit">0 takes the limit off.</param>
public sealed record ChangeEndpointRequest(
    [property: StringLength(EndpointUrl.MaxLength, MinimumLength = 1)] string? Url = null,
    [property: Length(1, ChangingEndpoints.MaxEventTypes)] IReadOnlyList<string>? EventTypes = null,
    [property: StringLength(200)] string? Description = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    [property: Range(0, ChangingEndpoints.MaxRateLimit)] int? RateLimit = null,
    bool? Ordered = null);

/// <summary>Changes an endpoint; what is waiting for it is looked at anew and goes by the new settings.</summary>
internal sealed class ChangeEndpoint(TenantDbContext db, ChangingEndpoints changing, EventAccess access, EndpointSecrets secrets, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPatch("/endpoints/{id:guid}", (Guid id, ChangeEndpointRequest request, ChangeEndpoint useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Change a webhook endpoint")
        .WithExample(new ChangeEndpointRequest(EventTypes: ["member.*"], Description: "CRM"), EndpointResponse.Example)
        .WithErrors(("endpoint.url_refused", 400), ("event_type.unknown", 400), ("endpoint.not_found", 404));

    public async Task<Results<Ok<EndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, ChangeEndpointRequest request, CancellationToken cancellationToken)
    {
        if ((changing.Refusal(request.Url, request.EventTypes, request.Headers) ?? access.Refusal(request.EventTypes ?? [])) is { } refusal)
        {
            return refusal;
        }

        return await changing.RunAsync(
            id,
            async endpoint =>
            {
                var (before, now) = (endpoint.Settings, clock.GetUtcNow());
                var after = Changed(before, request);
                if (IsSame(before, after))
                {
                    return (null, null);
                }

                if (await RefusalAsync(id, before, after, cancellationToken) is { } problem)
                {
                    return (null, problem);
                }

                if (after.Url != before.Url)
                {
                    await MakeDueAsync(id, now, cancellationToken);
                }

                db.Enqueue(WorkKinds.Wake, id, now);
                return (endpoint.Change(after, now), null);
            },
            cancellationToken);
    }

    private EndpointSettings Changed(EndpointSettings before, ChangeEndpointRequest request) => new(
        request.Url ?? before.Url,
        request.Description?.Trim() ?? before.Description,
        request.EventTypes is null ? before.EventTypes : [.. request.EventTypes.Distinct()],
        request.Headers is null ? before.Headers : secrets.ProtectHeaders(request.Headers, db.Organization!.SecretScope),
        request.RateLimit switch { null => before.RateLimit, 0 => null, var limit => limit },
        request.Ordered ?? before.Ordered);

    private static bool IsSame(EndpointSettings before, EndpointSettings after) =>
        before.EventTypes.SequenceEqual(after.EventTypes) && before == after with { EventTypes = before.EventTypes };

    /// <summary>Another address hears what this one heard, and is shown the headers, which are often credentials (SEC-40).</summary>
    private async Task<ProblemHttpResult?> RefusalAsync(Guid id, EndpointSettings before, EndpointSettings after, CancellationToken cancellationToken)
    {
        var keepsHeaders = before.Headers == after.Headers;
        if (before.Url == after.Url && keepsHeaders)
        {
            return null;
        }

        if ((access.Refusal(before.EventTypes.Concat(after.EventTypes)) ?? await access.RefusalAsync(id, cancellationToken)) is { } refusal)
        {
            return refusal;
        }

        return keepsHeaders && before.Headers is not null && !EndpointUrl.IsSameOrigin(before.Url, after.Url)
            ? Problems.Invalid("headers", "The URL leads to another server, and the headers that are stored were meant for the one before. Give headers anew, or {} to drop them.")
            : null;
    }

    /// <summary>Another receiver gets all that waits at once, from the start of the schedule.</summary>
    /// <remarks>Steps over what is being recorded this very moment: who records holds deliveries and waits for the endpoint, which is held here.</remarks>
    private Task MakeDueAsync(Guid id, DateTimeOffset now, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync(
        $"""
        UPDATE webhook_deliveries SET tries = 0, next_attempt_at = LEAST(next_attempt_at, {now})
        WHERE id IN (SELECT id FROM webhook_deliveries WHERE endpoint_id = {id} AND status = 'pending' FOR NO KEY UPDATE SKIP LOCKED)
        """,
        cancellationToken);
}
