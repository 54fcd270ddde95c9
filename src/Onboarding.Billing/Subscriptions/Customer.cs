namespace Onboarding.Billing.Subscriptions;

/// <summary>An organization as a provider knows it. This row alone says whose a callback is.</summary>
public sealed class Customer
{
    private Customer()
    {
    }

    /// <summary>UUIDv7; also the <c>ref_id</c> of its pointer in <c>platform.work</c> while its state is to be fetched.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>The provider's name, such as <c>stripe</c>.</summary>
    public string Provider { get; private init; } = "";

    /// <summary>The provider's id of it.</summary>
    public string ExternalId { get; private init; } = "";

    /// <summary>When it was linked.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When the provider was seen to have it no more; it stays as a tombstone.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>Counts fetches as they begin.</summary>
    public long FetchesBegun { get; private set; }

    /// <summary>The number of the fetch whose result stands here. One that began earlier and ended later loses (BILL-9).</summary>
    public long FetchApplied { get; private set; }

    /// <summary>When the fetch began whose result stands here.</summary>
    public DateTimeOffset? CheckedAt { get; private set; }

    /// <summary>When somebody here last had its state fetched because of something done here; what changed since is no drift.</summary>
    public DateTimeOffset? AskedAt { get; private set; }

    /// <summary>How many fetches have failed since one succeeded.</summary>
    public int Failures { get; private set; }

    /// <summary>What the last fetch failed of; null after a success.</summary>
    public string? LastError { get; private set; }

    /// <summary>What is odd about what the provider says, for the operator; null while nothing is.</summary>
    public string? Anomaly { get; private set; }

    /// <summary>A new link.</summary>
    public static Customer Link(Guid organizationId, string provider, string externalId, DateTimeOffset now) => new()
    {
        Id = Tenancy.Ids.New(now),
        OrganizationId = organizationId,
        Provider = provider,
        ExternalId = externalId,
        CreatedAt = now,
    };

    /// <summary>Takes what fetch <paramref name="number"/> saw as the state. False when a later one was faster.</summary>
    public bool Apply(long number, bool isDeleted, string? anomaly, DateTimeOffset now)
    {
        if (number <= FetchApplied)
        {
            return false;
        }

        FetchApplied = number;
        CheckedAt = now;
        Failures = 0;
        LastError = null;
        Anomaly = anomaly;
        DeletedAt = isDeleted ? DeletedAt ?? now : null;
        return true;
    }
}
