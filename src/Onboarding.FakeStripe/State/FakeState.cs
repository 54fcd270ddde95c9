using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.State;

/// <summary>All that the fake knows, in the order in which it came to be.</summary>
internal sealed class FakeState
{
    public List<JsonObject> Objects { get; init; } = [];

    public List<StoredEvent> Events { get; init; } = [];

    public List<Delivery> Deliveries { get; init; } = [];

    public Dictionary<string, StoredAnswer> Answers { get; init; } = [];

    /// <summary>What a checkout session will make, by the session's id.</summary>
    public Dictionary<string, Order> Orders { get; init; } = [];

    /// <summary>Prorations that wait for the next invoice, by the subscription's id.</summary>
    public Dictionary<string, List<JsonObject>> Pending { get; init; } = [];

    /// <summary>Subscriptions whose card is declined.</summary>
    public HashSet<string> Failing { get; init; } = [];

    public bool IsHeld { get; set; }

    private readonly Dictionary<string, JsonObject> byId = [];

    public void Add(JsonObject thing)
    {
        Objects.Add(thing);
        byId[(string)thing["id"]!] = thing;
    }

    public void Replace(JsonObject thing)
    {
        var id = (string)thing["id"]!;
        Objects[Objects.IndexOf(byId[id])] = thing;
        byId[id] = thing;
    }

    public JsonObject? Find(string? id) => id is not null && byId.TryGetValue(id, out var thing) ? thing : null;

    public void Index()
    {
        foreach (var thing in Objects)
        {
            byId[(string)thing["id"]!] = thing;
        }
    }
}
