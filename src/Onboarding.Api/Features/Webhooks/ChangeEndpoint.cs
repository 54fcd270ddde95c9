using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Endpoints;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Url">Left out, it stays, like everything else.</param>
/// <param name="EventTypes">Replaced as a whole.</param>
/// <param name="Headers">Replaced as a whole; an empty object takes all of them off.</param>
/// <param name="RateLimit">0 takes the limit off.</param>
public sealed record ChangeEndpointRequest(
    [property: StringLength(EndpointUrl.MaxLength, MinimumLength = 1)] string? Url = null,
    [property: Length(1, ChangingEndpoints.MaxEventTypes)] IReadOnlyList<string>? EventTypes = null,
    [property: StringLength(200)] string? Description = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    [property: Range(0, ChangingEndpoints.MaxRateLimit)] int? RateLimit = null,
    bool? Ordered = null);

/// <summary>Changes an endpoint; what is waiting for it goes by the new settings.</summary>
internal sealed class ChangeEndpoint(TenantDbContext db, ChangingEndpoints changing, EndpointSecrets secrets, TimeProvider clock)
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
        if (changing.Refusal(request.Url, request.EventTypes, request.Headers) is { } refusal)
        {
            return refusal;
        }

        return await changing.RunAsync(
            id,
            endpoint =>
            {
                var before = endpoint.Settings;
                var after = before with
                {
                    Url = request.Url ?? before.Url,
                    EventTypes = request.EventTypes is null ? before.EventTypes : [.. request.EventTypes.Distinct()],
                    Description = request.Description?.Trim() ?? before.Description,
                    Headers = request.Headers is null ? before.Headers : secrets.ProtectHeaders(request.Headers, db.Organization!.Key),
                    RateLimit = request.RateLimit switch { null => before.RateLimit, 0 => null, var limit => limit },
                    Ordered = request.Ordered ?? before.Ordered,
                };
                var happened = IsSame(before, after) ? null : endpoint.Change(after, clock.GetUtcNow());
                return Task.FromResult(((Tenancy.Outbox.DomainEvent?)happened, (ProblemHttpResult?)null));
            },
            cancellationToken);
    }

    private static bool IsSame(EndpointSettings before, EndpointSettings after) =>
        before.EventTypes.SequenceEqual(after.EventTypes) && before == after with { EventTypes = before.EventTypes };
}
