using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>An authenticator and its browser in software, which also answer what none of them would (WebAuthn Level 3, sections 5.8.1 and 6.1).</summary>
internal sealed class SoftAuthenticator(TestOrganization organization) : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private string rpId = $"{organization.Identifier}.localhost";
    private string? userHandle;

    /// <summary>Where the page that asks is said to be.</summary>
    public string Origin { get; set; } = $"http://{organization.Identifier}.localhost";

    /// <summary>Whom the authenticator takes for the relying party.</summary>
    public string RpId { get => rpId; set => rpId = value; }

    /// <summary>Whether it verified its user.</summary>
    public bool Verified { get; set; } = true;

    /// <summary>Whether the page was embedded in one of another origin.</summary>
    public bool CrossOrigin { get; set; }

    /// <summary>Signatures so far, as it counts.</summary>
    public uint Count { get; set; }

    public byte[] Id { get; init; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>Whom it says it signs for, base64url; that of the last registration by itself.</summary>
    public string? UserHandle { get => userHandle; set => userHandle = value; }

    public string IdText => Base64Url.EncodeToString(Id);

    /// <summary>As <c>navigator.credentials.create</c>.</summary>
    public object Create(JsonElement options, string type = "webauthn.create", string[]? transports = null)
    {
        userHandle = options.GetProperty("user").GetProperty("id").GetString();
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] cose = [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
        byte[] authData = [.. AuthenticatorData(attested: true), .. new byte[16], 0, (byte)Id.Length, .. Id, .. cose];
        byte[] attestation = [0xA3, .. Text("fmt"), .. Text("none"), .. Text("attStmt"), 0xA0, .. Text("authData"), 0x59, (byte)(authData.Length >> 8), (byte)authData.Length, .. authData];
        return Credential(new { clientDataJSON = ClientData(options, type), attestationObject = Base64Url.EncodeToString(attestation), transports = transports ?? ["internal"] });
    }

    /// <summary>As <c>navigator.credentials.get</c>.</summary>
    public object Get(JsonElement options, string type = "webauthn.get")
    {
        Count++;
        var (authData, clientData) = (AuthenticatorData(attested: false), ClientData(options, type));
        byte[] signed = [.. authData, .. SHA256.HashData(Base64Url.DecodeFromChars(clientData))];
        var signature = key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Credential(new { clientDataJSON = clientData, authenticatorData = Base64Url.EncodeToString(authData), signature = Base64Url.EncodeToString(signature), userHandle });
    }

    public void Dispose() => key.Dispose();

    private object Credential(object response) => new { id = IdText, rawId = IdText, type = "public-key", clientExtensionResults = new { }, response };

    private byte[] AuthenticatorData(bool attested)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, Count);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId)), (byte)(0x01 | (Verified ? 0x04 : 0) | (attested ? 0x40 : 0)), .. count];
    }

    private string ClientData(JsonElement options, string type) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new
    {
        type,
        challenge = options.GetProperty("challenge").GetString(),
        origin = Origin,
        crossOrigin = CrossOrigin,
    }));

    // A short text in CBOR (RFC 8949, section 3.1).
    private static byte[] Text(string text) => [(byte)(0x60 + text.Length), .. Encoding.ASCII.GetBytes(text)];
}

internal static class Spoiling
{
    /// <summary>Makes its next answers wrong in one way; what it does not know leaves them right.</summary>
    public static void Spoil(this SoftAuthenticator authenticator, string how)
    {
        authenticator.Origin = how switch
        {
            "origin" => "http://elsewhere.localhost",
            "port" => authenticator.Origin + ":8080",
            "scheme" => "https" + authenticator.Origin[4..],
            _ => authenticator.Origin,
        };
        authenticator.RpId = how == "relying party" ? "localhost" : authenticator.RpId;
        authenticator.Verified = how != "unverified";
        authenticator.CrossOrigin = how == "embedded";
        authenticator.Count = how == "counter" ? 0 : authenticator.Count;
    }

    /// <summary>A good authenticator again, of this organization.</summary>
    public static void Mend(this SoftAuthenticator authenticator, TestOrganization organization)
    {
        (authenticator.RpId, authenticator.Origin) = ($"{organization.Identifier}.localhost", $"http://{organization.Identifier}.localhost");
        (authenticator.Verified, authenticator.CrossOrigin) = (true, false);
        authenticator.Count += 10;
    }
}
