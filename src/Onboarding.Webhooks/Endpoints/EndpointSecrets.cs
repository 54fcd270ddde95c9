using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Endpoints;

/// <summary>One of an endpoint's secrets: the current one, or an earlier one until the end of its grace (SEC-40).</summary>
/// <param name="Secret">As its owner knows it, <c>whsec_...</c> or <c>whsk_...</c>.</param>
/// <param name="Until">When it stops signing; null for the current one, which comes first.</param>
public sealed record EndpointSecret(string Secret, DateTimeOffset? Until);

/// <summary>Makes, rotates, encrypts and reads endpoints' secrets and headers, for one organization's <see cref="Tenancy.Organizations.Organization.SecretScope"/> each: another one's key does not open them (HOOK-5).</summary>
public sealed class EndpointSecrets(IDataProtectionProvider protection)
{
    /// <summary>How many earlier secrets may be in their grace at once (Standard Webhooks 1.0).</summary>
    public const int MaxEarlier = 10;

    /// <summary>A first secret.</summary>
    public static IReadOnlyList<EndpointSecret> First(WebhookSecret secret) => [new(secret.Reveal(), null)];

    /// <summary>Puts <paramref name="secret"/> first and lets the others sign on until the end of <paramref name="grace"/>, or of their own where that is sooner; null when too many are in their grace.</summary>
    public static IReadOnlyList<EndpointSecret>? Rotate(IReadOnlyList<EndpointSecret> secrets, WebhookSecret secret, TimeSpan grace, DateTimeOffset now)
    {
        var until = now + grace;
        var earlier = secrets.Where(s => s.Until is null || s.Until > now)
            .Select(s => s.Until < until ? s : s with { Until = until })
            .Where(s => s.Until > now)
            .ToList();
        return earlier.Count > MaxEarlier ? null : [new(secret.Reveal(), null), .. earlier];
    }

    /// <summary>Those that sign at <paramref name="now"/>.</summary>
    public static IReadOnlyList<WebhookSecret> Active(IReadOnlyList<EndpointSecret> secrets, DateTimeOffset now) =>
        [.. secrets.Where(s => s.Until is null || s.Until > now).Select(s => WebhookSecret.Parse(s.Secret)).OfType<WebhookSecret>()];

    /// <summary>Encrypts secrets.</summary>
    public byte[] Protect(IReadOnlyList<EndpointSecret> secrets, Guid scope) => For(scope, "secrets").Protect(JsonSerializer.SerializeToUtf8Bytes(secrets));

    /// <summary>Reads secrets.</summary>
    public IReadOnlyList<EndpointSecret> Unprotect(byte[] secrets, Guid scope) =>
        JsonSerializer.Deserialize<List<EndpointSecret>>(For(scope, "secrets").Unprotect(secrets))!;

    /// <summary>Encrypts headers; null for none.</summary>
    public byte[]? ProtectHeaders(IReadOnlyDictionary<string, string> headers, Guid scope) =>
        headers.Count == 0 ? null : For(scope, "headers").Protect(JsonSerializer.SerializeToUtf8Bytes(headers));

    /// <summary>Reads headers.</summary>
    public IReadOnlyDictionary<string, string> UnprotectHeaders(byte[]? headers, Guid scope) =>
        headers is null ? new Dictionary<string, string>() : JsonSerializer.Deserialize<Dictionary<string, string>>(For(scope, "headers").Unprotect(headers))!;

    private IDataProtector For(Guid scope, string what) => protection.CreateProtector("webhook-endpoints", scope.ToString(), what);
}
