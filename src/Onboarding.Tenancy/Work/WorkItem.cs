namespace Onboarding.Tenancy.Work;

/// <summary>
/// A pointer in <c>platform.work</c> to something due in an organization's schema. It carries no payload, address or
/// secret, so that the shared table holds nothing of any tenant.
/// </summary>
public sealed class WorkItem
{
    private WorkItem()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>The organization whose schema holds <see cref="RefId"/>.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>One of <see cref="WorkKinds"/>.</summary>
    public string Kind { get; private init; } = "";

    /// <summary>Id of the row it points to.</summary>
    public Guid RefId { get; private init; }

    /// <summary>
    /// When it is due. A claim moves it to the end of the lease, so that a crashed worker's item falls due again by
    /// itself and no reclaimer is needed.
    /// </summary>
    public DateTimeOffset DueAt { get; private init; }

    /// <summary>How often it has been tried.</summary>
    public int Attempt { get; private init; }

    /// <summary>Fence of the current claim; only its holder completes or reschedules.</summary>
    public Guid? ClaimId { get; private init; }

    /// <summary>A pointer due at <paramref name="now"/>, or after a head start for whoever makes it and does it at once.</summary>
    public static WorkItem Due(Guid organizationId, string kind, Guid refId, DateTimeOffset now, TimeSpan headStart = default) => new()
    {
        Id = Ids.New(now),
        OrganizationId = organizationId,
        Kind = kind,
        RefId = refId,
        DueAt = now + headStart,
    };
}

/// <summary>What a work item can point to.</summary>
public static class WorkKinds
{
    /// <summary>An outbox event, to be handed to its consumers.</summary>
    public const string Event = "event";

    /// <summary>A composed mail: one SMTP send.</summary>
    public const string Email = "email";

    /// <summary>A webhook endpoint for which something waits. One pointer per endpoint, and whoever claims it is the only one that sends there.</summary>
    public const string Endpoint = "endpoint";

    /// <summary>A webhook endpoint for which something was made due: brings its pointer forward, or makes it.</summary>
    public const string Wake = "wake";

    /// <summary>A billing customer whose state is to be fetched. One pointer per customer.</summary>
    public const string Billing = "billing";

    /// <summary>A sign-up whose organization is registered and has yet to be set up. The one kind whose row is in <c>platform</c>.</summary>
    public const string Found = "found";

    /// <summary>A mail that belongs to no organization. No pointer: it lies in <c>platform.emails</c>, a queue by the same rules.</summary>
    public const string PlatformEmail = "platform-email";
}
