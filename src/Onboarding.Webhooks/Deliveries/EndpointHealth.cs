namespace Onboarding.Webhooks.Deliveries;

/// <summary>What a result means for its endpoint.</summary>
internal enum HealthChange
{
    /// <summary>Nothing that anybody has to be told.</summary>
    None,

    /// <summary>It takes deliveries again after it had failed again and again.</summary>
    Recovered,

    /// <summary>It has only failed for too long (HOOK-21).</summary>
    Hopeless,
}

/// <summary>How an endpoint is doing: a pure rule that takes a clock.</summary>
/// <param name="Failures">How many attempts in a row have failed.</param>
/// <param name="FailingSince">When the first of them was; null while all is well.</param>
internal sealed record EndpointHealth(int Failures, DateTimeOffset? FailingSince)
{
    /// <summary>From here on one request at a time finds out whether it is back, and its next success is news.</summary>
    public const int Trouble = 5;

    /// <summary>Whether to send one request at a time.</summary>
    public bool IsInTrouble => Failures >= Trouble;

    /// <summary>After a success.</summary>
    public (EndpointHealth Health, HealthChange Change) Success() =>
        (new(0, null), IsInTrouble ? HealthChange.Recovered : HealthChange.None);

    /// <summary>After a failure.</summary>
    /// <param name="startedAt">When the attempt began.</param>
    /// <param name="patience">How long an endpoint may do nothing but fail.</param>
    public (EndpointHealth Health, HealthChange Change) Failure(DateTimeOffset startedAt, TimeSpan patience)
    {
        var since = FailingSince ?? startedAt;
        return (new(Failures + 1, since), startedAt - since >= patience ? HealthChange.Hopeless : HealthChange.None);
    }
}
