using System.Text.Json;
using System.Text.Json.Nodes;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;
using Onboarding.Webhooks.Events;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Name">What endpoints subscribe to.</param>
/// <param name="Permission">What it takes to subscribe to it and to read its messages, besides those of webhooks.</param>
/// <param name="Schema">JSON Schema (2020-12) of a body.</param>
/// <param name="Example">A body as it could be sent.</param>
public sealed record EventTypeResponse(string Name, string Description, string Permission, IReadOnlyDictionary<string, JsonElement> Schema, IReadOnlyDictionary<string, JsonElement> Example)
{
    internal static EventTypeResponse Of(EventType type) => new(type.Name, type.Description, type.Permission, Members(type.Schema), Members(type.Example));

    internal static Dictionary<string, JsonElement> Members(JsonNode node) => node.Deserialize<Dictionary<string, JsonElement>>()!;
}

public sealed record EventTypesResponse(IReadOnlyList<EventTypeResponse> Data);

/// <summary>Every type of event that an endpoint can hear of. It is a list in the code, so there are no pages.</summary>
internal static class ListEventTypes
{
    private static readonly EventTypesResponse All = new([.. EventCatalogue.All.Select(EventTypeResponse.Of)]);

    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/event-types", () => TypedResults.Ok(All))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("List webhook event types")
        .WithExample(response: new EventTypesResponse([.. All.Data.Where(type => type.Name == "member.approved")]));
}
