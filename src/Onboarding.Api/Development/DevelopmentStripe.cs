using Onboarding.Api.Setup;
using Onboarding.FakeStripe;

namespace Onboarding.Api.Development;

/// <summary>The fake Stripe of a developer's machine: beside the API, one port further, with its state under <c>.data</c>.</summary>
internal static class DevelopmentStripe
{
    /// <summary>Starts it, and points the API at it. Null where a key for the real Stripe is configured, or it is not wanted.</summary>
    public static async Task<FakeStripe.FakeStripe?> StartAsync(ConfigurationManager configuration, string data)
    {
        if (!configuration.GetValue("Development:Stripe", true) || !string.IsNullOrEmpty(configuration["Billing:Stripe:ApiKey"]))
        {
            return null;
        }

        var state = Path.Combine(data, "stripe.json");
        if (configuration.GetValue<bool>("Development:Reset"))
        {
            File.Delete(state);
        }

        var api = new Uri(configuration["Web:PublicUrl"]!);
        var secret = $"whsec_{Convert.ToHexStringLower(new SecretsOptions { MasterKey = configuration["Secrets:MasterKey"]! }.Derive("development-stripe"))}";
        var stripe = await FakeStripe.FakeStripe.StartAsync(new FakeStripeOptions
        {
            ListenOn = new UriBuilder("http", "localhost", api.Port + 1).Uri,
            WebhookUrl = new Uri(api, "/billing/stripe/webhook"),
            WebhookSecrets = [secret],
            StateFile = state,
            Prices =
            [
                .. configuration.GetSection("Billing:Plans").GetChildren().SelectMany(plan => plan.GetSection("Prices").GetChildren().Select(price =>
                    new FakePrice(price["LookupKey"]!, plan["Name"]!, price.GetValue<long>("Amount"), price["Currency"]!, price["Interval"] ?? "month"))),
            ],
        });
        configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Billing:Stripe:ApiKey"] = "sk_test_fake",
            ["Billing:Stripe:ApiBase"] = stripe.Address,
            ["Billing:Stripe:WebhookSecrets:0"] = secret,
        });
        return stripe;
    }
}
