using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.State;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>The state under its one lock, and the events that its changes are.</summary>
internal sealed class FakeWorld
{
    private const int KeptEvents = 5_000;
    private const int KeptAnswers = 2_000;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock gate = new();
    private readonly FakeStripeOptions options;
    private readonly StateFile file;

    public FakeWorld(FakeStripeOptions options)
    {
        this.options = options;
        file = new(options.StateFile);
        State = file.Load();
    }

    public FakeState State { get; }

    public bool Livemode => options.Livemode;

    /// <summary>Where its pages are.</summary>
    public string Address { get; set; } = "";

    /// <summary>Told of every change, after it is kept.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>Checks an event before it is kept.</summary>
    public Action<JsonObject> Check { get; set; } = _ => { };

    /// <summary>The time of what is being done: now, or when it fell due.</summary>
    public long Now => at ?? options.Clock.GetUtcNow().ToUnixTimeSeconds();

    // Set while something is made up for that fell due earlier.
    private long? at;

    /// <summary>Reads under the lock.</summary>
    public T Read<T>(Func<T> work)
    {
        lock (gate)
        {
            return work();
        }
    }

    /// <summary>Changes under the lock; kept in the file before anybody hears of it.</summary>
    public T Do<T>(Func<T> work)
    {
        lock (gate)
        {
            try
            {
                return work();
            }
            finally
            {
                Trim();
                file.Save(State);
                Changed();
            }
        }
    }

    public void Do(Action work) => Do(() =>
    {
        work();
        return true;
    });

    /// <summary>Does something as of a moment that is over.</summary>
    public void As(long moment, Action work)
    {
        at = moment;
        try
        {
            work();
        }
        finally
        {
            at = null;
        }
    }

    public JsonObject Get(string kind, string? id, string param = "id") =>
        State.Find(id) is { } thing && thing.Text("object") == kind ? thing : throw StripeError.Missing(kind, id ?? "", param);

    /// <summary>Of one kind, newest first.</summary>
    public IEnumerable<JsonObject> All(string kind) => State.Objects.Where(thing => thing.Text("object") == kind).Reverse();

    /// <summary>Changes an object and says so, with what it was before; silent where nothing changed.</summary>
    public void Change(JsonObject thing, string type, Action change)
    {
        var before = thing.Copy();
        change();
        var previous = Difference(before, thing);
        if (previous.Count > 0)
        {
            Emit(type, thing, previous);
        }
    }

    public void Emit(string type, JsonObject thing, JsonObject? previous = null)
    {
        var data = new JsonObject { ["object"] = thing.Copy() };
        if (previous is not null)
        {
            data["previous_attributes"] = previous;
        }

        var happened = options.Clock.GetUtcNow().ToUnixTimeSeconds();
        var e = new JsonObject
        {
            ["id"] = Ids.New("evt"),
            ["object"] = "event",
            ["api_version"] = options.ApiVersionOfEvents,
            ["created"] = happened,
            ["data"] = data,
            ["livemode"] = options.Livemode,
            ["pending_webhooks"] = options.WebhookUrl is null ? 0L : 1L,
            ["request"] = new JsonObject { ["id"] = null, ["idempotency_key"] = null },
            ["type"] = type,
        };
        Check(e);
        State.Events.Add(new(e.Text("id"), type, happened, e.ToJsonString(Readable)));
        if (options.WebhookUrl is not null)
        {
            State.Deliveries.Add(new() { EventId = e.Text("id"), Type = type });
        }
    }

    private static JsonObject Difference(JsonObject before, JsonObject after)
    {
        var previous = new JsonObject();
        foreach (var (name, value) in after)
        {
            if (!JsonNode.DeepEquals(before[name], value))
            {
                previous[name] = name == "metadata" ? Metadata(before.Child(name), after.Child(name)) : before[name]?.DeepClone();
            }
        }

        return previous;
    }

    // Of metadata only what changed is told; what is new was null.
    private static JsonObject Metadata(JsonObject before, JsonObject after) =>
        new(before.Concat(after).Select(one => one.Key).Distinct().Where(key => !JsonNode.DeepEquals(before[key], after[key])).Select(key => KeyValuePair.Create(key, before[key]?.DeepClone())));

    private void Trim()
    {
        if (State.Events.Count > KeptEvents)
        {
            State.Events.RemoveRange(0, State.Events.Count - KeptEvents);
        }

        if (State.Deliveries.Count > KeptEvents)
        {
            State.Deliveries.RemoveAll(one => one.IsDone);
        }

        foreach (var key in State.Answers.Keys.Take(Math.Max(0, State.Answers.Count - KeptAnswers)).ToList())
        {
            State.Answers.Remove(key);
        }
    }
}
