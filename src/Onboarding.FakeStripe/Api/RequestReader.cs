using Microsoft.AspNetCore.Http;

namespace Onboarding.FakeStripe.Api;

/// <summary>Reads a request with the names of its parameters as they were sent.</summary>
internal static class RequestReader
{
    public static async Task<FakeRequest> ReadAsync(HttpRequest request)
    {
        var form = request.HasFormContentType ? await request.ReadFormAsync() : FormCollection.Empty;
        return new(
            request.Method,
            request.Path.Value ?? "/",
            [.. request.Query.SelectMany(one => one.Value.Select(value => KeyValuePair.Create(one.Key, value ?? "")))],
            [.. form.SelectMany(one => one.Value.Select(value => KeyValuePair.Create(one.Key, value ?? "")))],
            Header(request, "Idempotency-Key"),
            Header(request, "Stripe-Version"));
    }

    private static string? Header(HttpRequest request, string name) => request.Headers[name].ToString() is { Length: > 0 } value ? value : null;
}
