namespace Onboarding.FakeStripe;

/// <summary>A price that the fake sells. Its id is derived from the lookup key, so that it survives a restart.</summary>
/// <param name="LookupKey">How the product finds it.</param>
/// <param name="ProductName">What the customer reads.</param>
/// <param name="UnitAmount">In the currency's smallest unit.</param>
/// <param name="Currency">Three letters, lower case.</param>
/// <param name="Interval"><c>day</c>, <c>week</c>, <c>month</c> or <c>year</c>.</param>
public sealed record FakePrice(string LookupKey, string ProductName, long UnitAmount, string Currency, string Interval)
{
    /// <summary>Its id at the fake.</summary>
    public string Id => $"price_{LookupKey}";

    /// <summary>The id of its product.</summary>
    public string ProductId => $"prod_{LookupKey}";
}
