using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Domains;

/// <summary>The calls by which an organization comes to a host of its own.</summary>
internal static class DomainSteps
{
    private static int made;

    /// <summary>A domain that nobody has.</summary>
    public static string NewDomain() => $"app{Interlocked.Increment(ref made)}.{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}.example";

    public static Task<HttpResponseMessage> AddDomainAsync(this HttpClient admin, string domain) => admin.PostAsJsonAsync("/organization/domains", new { domain });

    public static Task<HttpResponseMessage> VerifyDomainAsync(this HttpClient admin, Guid id) => admin.PostAsync($"/organization/domains/{id}/verify", null);

    /// <summary>Adds a domain and returns its id and the value of its record.</summary>
    public static async Task<(Guid Id, string Value)> ClaimAsync(this HttpClient admin, string domain)
    {
        var added = await (await admin.AddDomainAsync(domain)).OkAsync(HttpStatusCode.Created);
        return (added.GetProperty("id").GetGuid(), added.GetProperty("record").GetProperty("value").GetString()!);
    }

    /// <summary>Adds a domain, sets its record and has it verified; returns its id.</summary>
    public static async Task<Guid> ProveDomainAsync(this HttpClient admin, TestDns dns, string domain)
    {
        var (id, value) = await admin.ClaimAsync(domain);
        dns.Set($"_onboarding.{domain}", value);
        await (await admin.VerifyDomainAsync(id)).OkAsync();
        return id;
    }

    /// <summary>A client of any host.</summary>
    public static HttpClient At(this TestApp app, string host, string? access = null)
    {
        var client = app.ClientFor(null);
        client.DefaultRequestHeaders.Host = host;
        client.DefaultRequestHeaders.Authorization = access is null ? null : new("Bearer", access);
        return client;
    }

    /// <summary>What <c>/me</c> answers there: the organization's identifier, or the code of the problem.</summary>
    public static async Task<string?> WhoseAsync(this HttpClient client)
    {
        using var answer = await client.GetAsync("/me");
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return answer.IsSuccessStatusCode ? body.GetProperty("organization").GetProperty("identifier").GetString() : body.GetProperty("code").GetString();
    }
}
