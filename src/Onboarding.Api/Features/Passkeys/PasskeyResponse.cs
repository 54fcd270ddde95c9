using System.Buffers.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="Id">The credential id, base64url.</param>
/// <param name="Synced">Whether its provider keeps a copy, so that it outlives the device.</param>
public sealed record PasskeyResponse(string Id, string Name, DateTimeOffset CreatedAt, bool Synced)
{
    internal static readonly PasskeyResponse Example = new("AaFdkcD4SuPjF-jwUoRwH8-ZHuY5RW46fsZmEvBX6RN", "Laptop", DateTimeOffset.UnixEpoch, Synced: true);

    internal static PasskeyResponse Of(IdentityUserPasskey<Guid> passkey) =>
        new(Base64Url.EncodeToString(passkey.CredentialId), passkey.Data.Name ?? "", passkey.Data.CreatedAt, passkey.Data.IsBackedUp);
}

/// <param name="PasskeyToken">Comes back with the browser's answer; good for five minutes, and once.</param>
/// <param name="Options">For <c>PublicKeyCredential.parseCreationOptionsFromJSON</c> or <c>parseRequestOptionsFromJSON</c>, and then <c>navigator.credentials</c>.</param>
public sealed record PasskeyOptionsResponse(string PasskeyToken, IReadOnlyDictionary<string, JsonElement> Options)
{
    internal static readonly PasskeyOptionsResponse CreationExample = new("pk_3q2-7wAB...", CredentialExample.Of(new
    {
        rp = new { id = "acme.example.com", name = "Acme" },
        user = new { id = "MDE5OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", name = "ada", displayName = "Ada Lovelace" },
        challenge = "8FRIGmEnvY2TYWgZ6rgvrJdbnVKyhGoKgn3LVYQqmB4",
        pubKeyCredParams = new[] { new { type = "public-key", alg = -7 } },
        authenticatorSelection = new { residentKey = "required", userVerification = "required" },
        attestation = "none",
    }));

    internal static readonly PasskeyOptionsResponse RequestExample = new("pk_3q2-7wAB...", RequestOptionsExample);

    internal static IReadOnlyDictionary<string, JsonElement> RequestOptionsExample => CredentialExample.Of(new
    {
        challenge = "8FRIGmEnvY2TYWgZ6rgvrJdbnVKyhGoKgn3LVYQqmB4",
        rpId = "acme.example.com",
        userVerification = "required",
    });
}

/// <summary>What browsers answer with: <c>PublicKeyCredential.toJSON()</c>.</summary>
internal static class CredentialExample
{
    public static readonly IReadOnlyDictionary<string, JsonElement> Created = CredentialExample.Of(new
    {
        id = PasskeyResponse.Example.Id,
        rawId = PasskeyResponse.Example.Id,
        type = "public-key",
        clientExtensionResults = new { },
        response = new { clientDataJSON = "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIi...", attestationObject = "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0Y...", transports = new[] { "internal" } },
    });

    public static readonly IReadOnlyDictionary<string, JsonElement> Asserted = CredentialExample.Of(new
    {
        id = PasskeyResponse.Example.Id,
        rawId = PasskeyResponse.Example.Id,
        type = "public-key",
        clientExtensionResults = new { },
        response = new { clientDataJSON = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0Ii...", authenticatorData = "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ", signature = "MEUCIQC...", userHandle = "MDE5OTAwMDAt..." },
    });

    public static IReadOnlyDictionary<string, JsonElement> Of(object example) => JsonSerializer.SerializeToElement(example).Deserialize<Dictionary<string, JsonElement>>()!;
}
