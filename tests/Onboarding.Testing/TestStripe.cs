using Onboarding.FakeStripe;

namespace Onboarding.Testing;

/// <summary>A Stripe for tests, with the prices of the product's own catalogue.</summary>
public static class TestStripe
{
    /// <summary>What its callbacks are signed with.</summary>
    public const string Secret = "whsec_test_of_the_suite";

    /// <summary>The one that takes its place, as during a rotation.</summary>
    public const string NextSecret = "whsec_test_of_the_suite_next";

    /// <summary>Lookup key of the monthly price.</summary>
    public const string Monthly = "premium_monthly";

    /// <summary>Lookup key of the yearly price.</summary>
    public const string Yearly = "premium_yearly";

    /// <summary>Starts one. Without an address it sends no callbacks: tests do.</summary>
    public static Task<FakeStripe.FakeStripe> StartAsync(Uri? webhookUrl = null, TimeProvider? clock = null) => FakeStripe.FakeStripe.StartAsync(new FakeStripeOptions
    {
        WebhookUrl = webhookUrl,
        WebhookSecrets = [Secret],
        Clock = clock ?? TimeProvider.System,
        Prices =
        [
            new(Monthly, "Premium", 1900, "eur", "month"),
            new(Yearly, "Premium", 19000, "eur", "year"),
            new("unheard_of", "Something else", 100, "eur", "month"),
        ],
    });

    /// <summary>Points a product at it.</summary>
    public static Dictionary<string, string?> SettingsFor(FakeStripe.FakeStripe stripe) => new()
    {
        ["Billing:Stripe:ApiKey"] = "sk_test_fake",
        ["Billing:Stripe:ApiBase"] = stripe.Address,
        ["Billing:Stripe:WebhookSecrets:0"] = Secret,
        ["Billing:Stripe:WebhookSecrets:1"] = NextSecret,
    };
}
