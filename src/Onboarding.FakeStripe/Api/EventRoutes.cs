using System.Text.Json.Nodes;
using Onboarding.FakeStripe.State;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>Events, as the API lists them.</summary>
internal sealed class EventRoutes(FakeWorld world)
{
    public JsonObject List(Parameters parameters)
    {
        var types = parameters.Many("types");
        var events = Enumerable.Reverse(world.State.Events)
            .Where(one => (types.Count == 0 || types.Any(type => Fits(type, one.Type))) && (parameters["type"] is not { } only || Fits(only, one.Type)));
        return Pager.Page(events.Select(Parse), parameters, "/v1/events");
    }

    public JsonObject Get(string id) => world.State.Events.Find(one => one.Id == id) is { } found ? Parse(found) : throw StripeError.Missing("event", id);

    // "customer.*" stands for all that begin so.
    private static bool Fits(string wanted, string type) => wanted.EndsWith('*') ? type.StartsWith(wanted[..^1], StringComparison.Ordinal) : wanted == type;

    private static JsonObject Parse(StoredEvent e) => JsonNode.Parse(e.Text)!.AsObject();
}
