using System.ComponentModel.DataAnnotations;

namespace Onboarding.Webhooks;

/// <summary>Section <c>Webhooks:Delivery</c>: how the queue of deliveries is worked off.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Webhooks:Delivery";

    /// <summary>How long a node that dies keeps an endpoint from the others; longer than a turn and an exchange together.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a turn of an endpoint begins requests, before others get their turn.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan Turn { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many deliveries a turn takes at most.</summary>
    [Range(1, 1_000)]
    public int TurnSize { get; set; } = 250;

    /// <summary>How many endpoints have a turn at once, on each node.</summary>
    [Range(1, 10_000)]
    public int MaxTurns { get; set; } = 512;

    /// <summary>Requests under way at once, on each node.</summary>
    [Range(1, 10_000)]
    public int MaxInFlight { get; set; } = 1_024;

    /// <summary>Requests under way at once to one endpoint.</summary>
    [Range(1, 1_000)]
    public int MaxInFlightPerEndpoint { get; set; } = 10;

    /// <summary>Requests under way at once for one organization, on each node.</summary>
    [Range(1, 1_000)]
    public int MaxInFlightPerOrganization { get; set; } = 50;

    /// <summary>How long an endpoint may do nothing but fail before it is disabled (HOOK-21).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "90.00:00:00")]
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How long messages, deliveries and attempts are kept (HOOK-25).</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);
}
