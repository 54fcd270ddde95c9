using System.Buffers;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Stripe;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Api.Features.Billing;

/// <summary>Takes Stripe's word that something happened, and no more of it: it is stored, its customer's state is to be fetched, and that is all before the answer.</summary>
internal sealed class ReceiveStripeCallback(BillingProviders providers, CallbackInbox inbox, IOptions<StripeOptions> options)
{
    /// <summary>Far more than Stripe's events have.</summary>
    private const int MaxBody = 512 * 1024;

    private const string Header = "Stripe-Signature";

    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/stripe/webhook", (HttpContext http, ReceiveStripeCallback useCase) => useCase.HandleAsync(http.Request, http.RequestAborted))
        .AllowAnonymous()
        .ExcludeFromMultiTenantResolution()
        .WithMetadata(new RequestSizeLimitAttribute(MaxBody))
        .WithSummary("Take a callback of Stripe")
        .WithErrors(("callback.signature_invalid", 400), ("callback.malformed", 400), ("request.too_large", 413), ("billing.not_configured", 503));

    public async Task<Results<Ok, ProblemHttpResult>> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // Without a secret nobody could tell Stripe from anybody else (BILL-17).
        if (options.Value.WebhookSecrets.Count == 0)
        {
            return BillingAccount.NotConfigured();
        }

        var signature = request.Headers[Header];
        if (signature.Count != 1 || !signature[0]!.Contains("v1=", StringComparison.Ordinal))
        {
            return Problems.BadRequest("callback.signature_invalid", $"The header {Header} is needed, once.");
        }

        if (await ReadAsync(request, cancellationToken) is not { } body)
        {
            return Problems.Create(StatusCodes.Status413PayloadTooLarge, "request.too_large", "The body is larger than any event.");
        }

        try
        {
            var stripe = providers.Find("stripe")!;
            await inbox.StoreAsync(stripe.Name, stripe.VerifyCallback(body, signature.ToString()), body, cancellationToken);
            return TypedResults.Ok();
        }
        catch (CallbackRefusedException exception)
        {
            return Problems.BadRequest(exception.Code, exception.Message);
        }
    }

    /// <summary>The exact bytes; null where there are too many, of which no more than the limit is ever held (BILL-13).</summary>
    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBody)
        {
            return null;
        }

        var read = new ArrayBufferWriter<byte>((int)Math.Min(request.ContentLength ?? 4096, MaxBody) + 1);
        while (await request.Body.ReadAsync(read.GetMemory(1), cancellationToken) is > 0 and var count)
        {
            read.Advance(count);
            if (read.WrittenCount > MaxBody)
            {
                return null;
            }
        }

        return read.WrittenSpan.ToArray();
    }
}
