using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Onboarding.Billing.Callbacks;
using Stripe;

namespace Onboarding.Billing.Stripe;

/// <summary>Checks that a callback is Stripe's, and reads its envelope.</summary>
internal sealed class StripeCallbacks(IOptions<StripeOptions> options, TimeProvider clock)
{
    /// <summary>In both directions; Stripe's own libraries allow as much.</summary>
    private const long ToleranceSeconds = 300;

    private const int MaxId = 255;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc cref="Subscriptions.IBillingProvider.VerifyCallback"/>
    public CallbackHint Verify(ReadOnlyMemory<byte> body, string? signature)
    {
        string text;
        try
        {
            text = Strict.GetString(body.Span);
        }
        catch (DecoderFallbackException exception)
        {
            throw new CallbackRefusedException("callback.malformed", "The body is not UTF-8.", exception);
        }

        // Each secret is tried, so that one can take the place of another without a callback lost (BILL-16).
        if (string.IsNullOrWhiteSpace(signature) || !IsOneHeader(signature) || !options.Value.WebhookSecrets.Any(secret => IsSigned(text, signature, secret)))
        {
            throw new CallbackRefusedException("callback.signature_invalid", "The signature is missing, wrong, or too old.");
        }

        return Read(body);
    }

    /// <summary>The envelope, of whatever is JSON: a body that Stripe signs is stored even where this build can make nothing of it (BILL-4).</summary>
    public CallbackHint Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (StripeJson.Text(root, "id") is not { Length: > 0 and <= MaxId } id || StripeJson.Text(root, "type") is not { Length: > 0 and <= MaxId } type || id.Any(char.IsControl) || type.Any(char.IsControl))
            {
                throw new CallbackRefusedException("callback.malformed", "The body is no event: it has no id or no type.");
            }

            var thing = StripeJson.Member(StripeJson.Member(root, "data"), "object");
            var livemode = StripeJson.Flag(root, "livemode") ?? false;
            return new(
                id, type, StripeJson.CustomerOf(thing) is { Length: > 0 and <= MaxId } customer && !customer.Any(char.IsControl) ? customer : null, StripeJson.OrganizationOf(thing),
                Version(root), StripeJson.Text(root, "api_version") != StripeConfiguration.ApiVersion, livemode, livemode == options.Value.Livemode, StripeJson.Time(root, "created"));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair is JSON, and no text.
            throw new CallbackRefusedException("callback.malformed", "The body is not JSON that can be read.", exception);
        }
    }

    private static string? Version(JsonElement root) => StripeJson.Text(root, "api_version") is { Length: <= 64 } version && version.All(char.IsAscii) && !version.Any(char.IsControl) ? version : null;

    // Two headers in one line: whoever sent the second is not who sent the first (BILL-2).
    private static bool IsOneHeader(string signature) => signature.Split(',').Count(part => part.TrimStart().StartsWith("t=", StringComparison.Ordinal)) == 1;

    // The library throws whatever happens to it on the way: an odd time in the header is a FormatException (BILL-4).
    private bool IsSigned(string text, string signature, string secret)
    {
        try
        {
            EventUtility.ValidateSignature(text, signature, secret, ToleranceSeconds, clock.GetUtcNow().ToUnixTimeSeconds());
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return false;
        }
    }
}
