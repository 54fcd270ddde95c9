using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

/// <summary>A key as its one answer showed it.</summary>
internal sealed record IssuedKey(Guid Id, string Key);

/// <summary>The calls around API keys.</summary>
internal static class ApiKeySteps
{
    public static IssuedKey Issued(this JsonElement answer) => new(answer.GetProperty("id").GetGuid(), answer.GetProperty("key").GetString()!);

    /// <summary>Creates a key of the organization; it has to succeed.</summary>
    public static Task<IssuedKey> CreateKeyAsync(this HttpClient by, params string[] scopes) => by.CreateKeyAsync(new { name = "Machine", scopes });

    /// <summary>Creates a key of the caller's own; it has to succeed.</summary>
    public static Task<IssuedKey> CreateOwnKeyAsync(this HttpClient by, params string[] scopes) => by.CreateKeyAsync(new { name = "Mine", scopes }, "/me/api-keys");

    public static async Task<IssuedKey> CreateKeyAsync(this HttpClient by, object request, string path = "/api-keys") =>
        (await (await by.PostAsJsonAsync(path, request)).OkAsync(HttpStatusCode.Created)).Issued();

    public static async Task<IssuedKey> RotateKeyAsync(this HttpClient by, Guid id, int overlapMinutes = 1_440) =>
        (await (await by.PostAsJsonAsync($"/api-keys/{id}/rotate", new { overlap_minutes = overlapMinutes })).OkAsync()).Issued();

    /// <summary>A client of the organization's host with this key.</summary>
    public static HttpClient WithKey(this TestOrganization organization, IssuedKey key) => organization.WithToken(key.Key);

    /// <summary>What a list of members answers to this key, which needs <c>members:read</c>.</summary>
    public static async Task<HttpResponseMessage> ReadAsync(this TestOrganization organization, IssuedKey key)
    {
        using var machine = organization.WithKey(key);
        return await machine.GetAsync("/members");
    }

    public static async Task RequireGoodAsync(this TestOrganization organization, IssuedKey key) => await (await organization.ReadAsync(key)).OkAsync();

    public static async Task RequireBadAsync(this TestOrganization organization, IssuedKey key) =>
        Assert.Equal("token.invalid", await (await organization.ReadAsync(key)).CodeAsync(HttpStatusCode.Unauthorized));
}
