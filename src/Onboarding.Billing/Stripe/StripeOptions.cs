using System.ComponentModel.DataAnnotations;

namespace Onboarding.Billing.Stripe;

/// <summary>Section <c>Billing:Stripe</c>.</summary>
public sealed class StripeOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Billing:Stripe";

    /// <summary>The secret key, <c>sk_...</c> or <c>rk_...</c>; without it nothing is sold.</summary>
    public string? ApiKey { get; set; }

    /// <summary>What callbacks are signed with, <c>whsec_...</c>; two while one takes the place of the other (BILL-16). Without any, none is taken (BILL-17).</summary>
    public IList<string> WebhookSecrets { get; } = [];

    /// <summary>Where Stripe is, if elsewhere: a stand-in for tests and development. No slash at its end.</summary>
    public string? ApiBase { get; set; }

    /// <summary>For one call.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:20", ErrorMessage = "Billing:Stripe:Timeout takes 1 to 80 seconds.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether the key is about real money.</summary>
    public bool Livemode => ApiKey is { } key && key.Contains("_live_", StringComparison.Ordinal);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (WebhookSecrets.Any(string.IsNullOrWhiteSpace))
        {
            yield return new("Billing:Stripe:WebhookSecrets holds an empty one.", [nameof(WebhookSecrets)]);
        }

        if (ApiBase is { } address && (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || address.EndsWith('/')))
        {
            yield return new("Billing:Stripe:ApiBase is an address without a slash at its end.", [nameof(ApiBase)]);
        }
    }
}
