using System.ComponentModel.DataAnnotations;

namespace Onboarding.Billing;

/// <summary>Section <c>Billing</c>: the catalogue of plans, and how the state of subscriptions is followed.</summary>
public sealed class BillingOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Billing";

    /// <summary>Key of the plan of whoever pays nothing.</summary>
    public string DefaultPlan { get; set; } = "free";

    /// <summary>How long a plan goes on once a payment has failed, from when it was due (BILL-22).</summary>
    [Range(typeof(TimeSpan), "00:00:00", "90.00:00:00", ErrorMessage = "Billing:Grace takes up to 90 days.")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The features that plans can have, by name.</summary>
    public IDictionary<string, FeatureOptions> Features { get; } = new Dictionary<string, FeatureOptions>(StringComparer.Ordinal);

    /// <summary>The plans, by key.</summary>
    public IDictionary<string, PlanOptions> Plans { get; } = new Dictionary<string, PlanOptions>(StringComparer.Ordinal);

    /// <summary>How long callbacks are kept.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00", ErrorMessage = "Billing:CallbacksKept takes 1 day to 10 years.")]
    public TimeSpan CallbacksKept { get; set; } = TimeSpan.FromDays(90);
}

/// <summary>A feature of the catalogue.</summary>
public sealed class FeatureOptions
{
    /// <summary>What it is, for people.</summary>
    public string Description { get; set; } = "";

    /// <summary>Percentage of the organizations whose plan has it that get it, always the same ones.</summary>
    public int Rollout { get; set; } = 100;

    /// <summary>Name of a quota that is held to <see cref="From"/> where this feature is off; null when it is about no quota.</summary>
    public string? Lifts { get; set; }

    /// <summary>How many everybody has of what this feature lifts.</summary>
    public long From { get; set; }
}

/// <summary>A plan of the catalogue.</summary>
public sealed class PlanOptions
{
    /// <summary>Name, for people.</summary>
    public string Name { get; set; } = "";

    /// <summary>What it is, for people.</summary>
    public string Description { get; set; } = "";

    /// <summary>Place among the plans: a higher one has more. Unique.</summary>
    public int Rank { get; set; }

    /// <summary>Days of trial of an organization that never had one.</summary>
    public int TrialDays { get; set; }

    /// <summary>Whether the price is that of one seat.</summary>
    public bool PerSeat { get; set; }

    /// <summary>What it costs; none for a plan that is not sold.</summary>
    public IList<PriceOptions> Prices { get; } = [];

    /// <summary>Names of the features that it has.</summary>
    public IList<string> Features { get; } = [];

    /// <summary>Number of each quota.</summary>
    public IDictionary<string, long> Quotas { get; } = new Dictionary<string, long>(StringComparer.Ordinal);
}

/// <summary>A price of a plan.</summary>
public sealed class PriceOptions
{
    /// <summary>The provider's name of the price that does not change when the price does (Stripe's <c>lookup_key</c>).</summary>
    public string LookupKey { get; set; } = "";

    /// <summary>In the smallest unit of the currency, for one interval and one seat; what is charged is what the provider says.</summary>
    public long Amount { get; set; }

    /// <summary>ISO 4217, lower case.</summary>
    public string Currency { get; set; } = "";

    /// <summary><c>month</c> or <c>year</c>.</summary>
    public string Interval { get; set; } = "month";
}
