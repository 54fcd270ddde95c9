using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <summary>A public P-256 key (RFC 7517, RFC 7518 section 6.2.1).</summary>
/// <param name="X">Coordinate, base64url.</param>
/// <param name="Y">Coordinate, base64url.</param>
public sealed record JsonWebKeyResponse(string Kty, string Use, string Alg, string Kid, string Crv, string X, string Y);

public sealed record JwksResponse(IReadOnlyList<JsonWebKeyResponse> Keys);

/// <summary>The public keys, so that a customer's own services can verify access tokens (RFC 7517, section 5).</summary>
internal static class GetJwks
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/.well-known/jwks.json", Handle)
        .ExcludeFromMultiTenantResolution()
        .WithSummary("Get the public keys of access tokens")
        .WithExample(response: new JwksResponse([new("EC", "sig", "ES256", "9f86d081884c7d65", "P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]));

    private static Ok<JwksResponse> Handle(SigningKeys keys, HttpResponse response)
    {
        // A key is published a day before it signs, so an hour in a cache is safe.
        response.Headers.CacheControl = "public, max-age=3600";
        return TypedResults.Ok(new JwksResponse([.. keys.Published.Select(Describe)]));
    }

    private static JsonWebKeyResponse Describe(ECDsaSecurityKey key)
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new("EC", "sig", "ES256", key.KeyId, "P-256", Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y));
    }
}
