using System.Diagnostics.Metrics;

namespace Onboarding.Billing;

/// <summary>What an operator watches of billing; the meter is <c>Onboarding.Billing</c>.</summary>
public sealed class BillingMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string Meter = "Onboarding.Billing";

    private readonly Counter<long> drift;
    private readonly Counter<long> callbacks;
    private readonly Counter<long> anomalies;

    /// <summary>Makes its instruments.</summary>
    public BillingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Meter);
        drift = meter.CreateCounter<long>("billing.drift", description: "Fetches that found a change of which no callback had told.");
        callbacks = meter.CreateCounter<long>("billing.callbacks", description: "Callbacks that were taken, by what became of them.");
        anomalies = meter.CreateCounter<long>("billing.callback.anomalies", description: "Callbacks that came again with another text or for another version of the API.");
    }

    internal void Drifted() => drift.Add(1);

    internal void Taken(string state) => callbacks.Add(1, new KeyValuePair<string, object?>("state", state));

    internal void Odd(string what) => anomalies.Add(1, new KeyValuePair<string, object?>("what", what));
}
