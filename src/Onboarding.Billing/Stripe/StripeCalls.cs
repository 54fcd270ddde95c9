using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Onboarding.Billing.Subscriptions;
using Stripe;

namespace Onboarding.Billing.Stripe;

/// <summary>Calls Stripe, and says in our words what went wrong.</summary>
internal sealed class StripeCalls : IDisposable
{
    /// <summary>Stripe's code of an id that it does not have.</summary>
    public const string Missing = "resource_missing";

    private readonly HttpClient http;
    private readonly StripeClient? client;

    public StripeCalls(IOptions<StripeOptions> options)
    {
        // Redirects are not Stripe's; connections are renewed, so that its DNS is followed.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = options.Value.Timeout };
        client = string.IsNullOrWhiteSpace(options.Value.ApiKey) ? null : new StripeClient(new StripeClientOptions
        {
            ApiKey = options.Value.ApiKey,
            ApiBase = options.Value.ApiBase ?? StripeClient.DefaultApiBase,
            HttpClient = new SystemNetHttpClient(http, maxNetworkRetries: 2, appInfo: null, enableTelemetry: false),
        });
    }

    public bool IsConfigured => client is not null;

    /// <exception cref="ProviderUnavailableException">Stripe is away, slow or busy; the same may work in a moment.</exception>
    /// <exception cref="ProviderRefusedException">Stripe will not do this.</exception>
    public async Task<T> RunAsync<T>(Func<StripeClient, Task<T>> call)
    {
        if (client is null)
        {
            throw new ProviderUnavailableException("Billing:Stripe:ApiKey is not configured.");
        }

        try
        {
            return await call(client);
        }
        catch (StripeException exception) when (IsOverSoon(exception.HttpStatusCode))
        {
            throw new ProviderUnavailableException(exception.Message, exception);
        }
        catch (StripeException exception)
        {
            throw new ProviderRefusedException(exception.StripeError?.Code ?? exception.StripeError?.Type ?? "unknown", exception.Message, exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException || exception is TaskCanceledException { InnerException: TimeoutException })
        {
            throw new ProviderUnavailableException("Stripe could not be reached in time.", exception);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or ProviderUnavailableException or ProviderRefusedException))
        {
            // The SDK's types could not take the answer: whether it was done, the next fetch tells.
            throw new ProviderUnavailableException("Stripe's answer could not be read.", exception);
        }
    }

    /// <summary>Reads one object from its text.</summary>
    public async Task<T> GetAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        var response = await RunAsync(stripe => stripe.RawRequestAsync(HttpMethod.Get, path, cancellationToken: cancellationToken));
        using var document = Parse(response);
        return read(document.RootElement);
    }

    /// <summary>Reads a page of objects from its text.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellationToken) => GetAsync(
        path,
        body => StripeJson.Member(body, "data") is { ValueKind: JsonValueKind.Array } data
            ? (IReadOnlyList<T>)[.. data.EnumerateArray().Select(read)]
            : throw new ProviderUnavailableException($"Stripe's answer to {path.Split('?')[0]} is no list."),
        cancellationToken);

    public void Dispose() => http.Dispose();

    // Any other success than 200 is not what this API answers with: something stands in between.
    private static JsonDocument Parse(StripeResponse response)
    {
        try
        {
            return response.StatusCode == HttpStatusCode.OK ? JsonDocument.Parse(response.Content) : throw new ProviderUnavailableException($"Stripe answered {(int)response.StatusCode}.");
        }
        catch (JsonException exception)
        {
            throw new ProviderUnavailableException("Stripe's answer is not JSON.", exception);
        }
    }

    // A key that is revoked or may too little is the operator's to mend, and no answer to the customer.
    private static bool IsOverSoon(HttpStatusCode status) => status is 0 or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests || (int)status >= 500;
}
