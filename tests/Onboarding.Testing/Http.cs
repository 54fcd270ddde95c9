using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Onboarding.Testing;

/// <summary>What tests say to the API and read from it.</summary>
public static class Http
{
    /// <summary>The body as JSON.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>The stable code of a problem; fails when the answer is none of this status.</summary>
    public static async Task<string> CodeAsync(this HttpResponseMessage response, HttpStatusCode expected)
    {
        var body = await response.Content.ReadAsStringAsync();
        if (response.StatusCode != expected || response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            throw new InvalidOperationException($"Expected a problem with {(int)expected}, got {(int)response.StatusCode} {response.Content.Headers.ContentType}: {body}");
        }

        return JsonDocument.Parse(body).RootElement.GetProperty("code").GetString()!;
    }

    /// <summary>The body of a success; fails with the whole answer when it is none of this status.</summary>
    public static async Task<JsonElement> OkAsync(this HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var body = await response.Content.ReadAsStringAsync();
        return response.StatusCode == expected
            ? body.Length == 0 ? default : JsonDocument.Parse(body).RootElement
            : throw new InvalidOperationException($"Expected {(int)expected}, got {(int)response.StatusCode}: {body}");
    }
}
