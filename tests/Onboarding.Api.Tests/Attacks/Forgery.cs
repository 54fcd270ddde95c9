using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Api.SignIn;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>A JSON Web Token taken apart, to be changed and put together again by whoever holds some key.</summary>
internal sealed class Forgery
{
    private Forgery(JsonObject header, JsonObject payload, ECDsa ours) => (Header, Payload, Ours) = (header, payload, ours);

    public JsonObject Header { get; }

    public JsonObject Payload { get; }

    /// <summary>The product's own key: what it signs is refused for what it says, not for its signature.</summary>
    public ECDsa Ours { get; }

    public static Forgery Of(TestApp app, string token)
    {
        var parts = token.Split('.');
        var ours = ((ECDsaSecurityKey)app.Services.GetRequiredService<SigningKeys>().Current.Key).ECDsa;
        return new(Read(parts[0]), Read(parts[1]), ours);
    }

    /// <summary>Moves its times, in seconds from now.</summary>
    public Forgery At(int notBefore, int expires)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        (Payload["nbf"], Payload["exp"]) = (now + notBefore, now + expires);
        return this;
    }

    public string Signed() => Signed(data => Ours.SignData(data, HashAlgorithmName.SHA256));

    public string Signed(ECDsa key) => Signed(data => key.SignData(data, HashAlgorithmName.SHA256));

    public string Signed(Func<byte[], byte[]> sign)
    {
        var content = $"{Write(Header)}.{Write(Payload)}";
        return $"{content}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(content)))}";
    }

    private static JsonObject Read(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static string Write(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
