using Npgsql;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Webhooks.Deliveries;

/// <summary>A delivery as the sender needs it.</summary>
/// <param name="Id">Of the delivery.</param>
/// <param name="MessageId">Sent as <c>webhook-id</c>, the same at every attempt (HOOK-3).</param>
/// <param name="Type">Type of the event.</param>
/// <param name="Body">The bytes to sign and send.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Tries">How often since it was last sent on its way.</param>
internal sealed record DueDelivery(Guid Id, Guid MessageId, string Type, byte[] Body, int Attempts, int Tries);

/// <summary>One turn of one endpoint on this node: what is due to it is sent while nobody else sends there.</summary>
/// <remarks>
/// The claim of its pointer in <c>platform.work</c> is the lock, and the fence too: what is recorded after another node
/// took over changes nothing (HOOK-9).
/// </remarks>
internal sealed class EndpointTurn(Guid workId, Guid claimId, Organization organization, EndpointSnapshot endpoint)
{
    private readonly Lock gate = new();

    public Guid WorkId => workId;

    public Guid ClaimId => claimId;

    public Organization Organization => organization;

    public EndpointSnapshot Endpoint => endpoint;

    /// <summary>What is due, in the order of sending.</summary>
    public List<DueDelivery> Due { get; } = [];

    /// <summary>How the endpoint is doing, by what was stored and what this turn has seen.</summary>
    public EndpointHealth Health { get; private set; } = endpoint.Health;

    /// <summary>What of that is stored.</summary>
    public EndpointHealth Stored { get; set; } = endpoint.Health;

    /// <summary>Nothing more is to be begun: a failure holds up what is ordered, or the endpoint asked to be left alone, or is disabled.</summary>
    public bool IsHeldUp { get; private set; }

    /// <summary>The next turn is not before this, by its pace.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>Judges a result by the health so far.</summary>
    public HealthChange Judge(Func<EndpointHealth, (EndpointHealth Health, HealthChange Change)> rule)
    {
        lock (gate)
        {
            (Health, var change) = rule(Health);
            return change;
        }
    }

    /// <summary>Begins nothing more in this turn.</summary>
    public void HoldUp() => IsHeldUp = true;
}

/// <summary>An endpoint as it stood when its turn began.</summary>
internal sealed record EndpointSnapshot(
    Guid Id, Uri Url, IReadOnlyList<string> EventTypes, byte[] Secrets, byte[]? Headers, int? RateLimit, bool Ordered, EndpointHealth Health, DateTimeOffset? PausedUntil)
{
    /// <summary>What <see cref="Read"/> reads, in this order, of an endpoint called <c>e</c>.</summary>
    public const string Columns = "e.id, e.url, e.event_types, e.secrets, e.headers, e.rate_limit, e.ordered, e.failures, e.failing_since, e.paused_until";

    /// <summary>An endpoint to which nothing is to be sent.</summary>
    public static EndpointSnapshot Nothing(Guid id) => new(id, new Uri("about:blank"), [], [], null, null, Ordered: false, new(0, null), null);

    /// <summary>How many columns that are.</summary>
    public const int Count = 10;

    /// <param name="row">The row.</param>
    /// <param name="at">Where the columns begin.</param>
    public static EndpointSnapshot Read(NpgsqlDataReader row, int at) => new(
        row.GetGuid(at),
        new Uri(row.GetString(at + 1)),
        row.GetFieldValue<string[]>(at + 2),
        row.GetFieldValue<byte[]>(at + 3),
        row.IsDBNull(at + 4) ? null : row.GetFieldValue<byte[]>(at + 4),
        row.IsDBNull(at + 5) ? null : row.GetInt32(at + 5),
        row.GetBoolean(at + 6),
        new EndpointHealth(row.GetInt32(at + 7), TimeOf(row, at + 8)),
        TimeOf(row, at + 9));

    /// <summary>Whether it has subscribed to a type: by its name, by its group (<c>member.*</c>), or to everything (<c>*</c>).</summary>
    public bool HasSubscribed(string type) => EventTypes.Any(heard =>
        heard == "*" || heard == type || (heard.EndsWith(".*", StringComparison.Ordinal) && type.AsSpan().StartsWith(heard.AsSpan(0, heard.Length - 1), StringComparison.Ordinal)));

    private static DateTimeOffset? TimeOf(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetFieldValue<DateTimeOffset>(at);
}
