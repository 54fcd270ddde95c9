using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Onboarding.Api.SignIn;

/// <summary>
/// Validates access tokens, and remembers for half a minute that one was good: an ES256 check costs three quarters of
/// a bare route, a look-up a tenth (PERF-11).
/// </summary>
/// <remarks>
/// Only what never changes is remembered: signature, type, claims. Its time is checked at every request, and so are
/// organization and revocation, by <see cref="Setup.Authentication"/>.
/// </remarks>
internal sealed class AccessTokenHandler(SigningKeys keys, TimeProvider clock) : TokenHandler, IDisposable
{
    /// <summary>Clocks of two machines may be that far apart (FAULT-9).</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(30);
    private const int MaxRemembered = 50_000;

    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = 8 * 1024 };
    private readonly MemoryCache good = new(new MemoryCacheOptions { SizeLimit = MaxRemembered });

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        var digest = DigestOf(token);
        if (!good.TryGetValue(digest, out TokenValidationResult? result))
        {
            result = await ValidateAsync(token);
            if (result.IsValid)
            {
                good.Set(digest, result, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Remember });
            }
        }

        return !result!.IsValid || IsInTime((AccessToken)result.SecurityToken)
            ? result
            : new TokenValidationResult { Exception = new SecurityTokenExpiredException("The token has expired or is not valid yet.") };
    }

    public override SecurityToken ReadToken(string token) => handler.ReadJsonWebToken(token);

    public void Dispose() => good.Dispose();

    // The key is found by id among our own and by nothing else in the token, so an embedded jwk, jku or x5u is never
    // looked at, and the algorithm list has one entry (SEC-21; RFC 8725, sections 3.1 and 3.10).
    private async Task<TokenValidationResult> ValidateAsync(string token)
    {
        if (!handler.CanReadToken(token))
        {
            return Refused("The token is not a JSON Web Token.");
        }

        if (await keys.FindAsync(handler.ReadJsonWebToken(token).Kid, CancellationToken.None) is not { } key)
        {
            return Refused("The token is not signed by a key of ours.");
        }

        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            TryAllIssuerSigningKeys = false,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = [TokenClaims.Type],
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            ValidateLifetime = false,
            ValidateIssuer = false,
            ValidateAudience = false,
        });
        return !result.IsValid ? result
            : AccessToken.Read((JsonWebToken)result.SecurityToken) is not var (accessToken, identity) ? Refused("The token names no member or no session.")
            : new TokenValidationResult { IsValid = true, SecurityToken = accessToken, ClaimsIdentity = identity };
    }

    // Remembered by its digest, so that a dump of the memory holds no credential longer than a request does.
    private static (UInt128 High, UInt128 Low) DigestOf(string token)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(token.AsSpan()), digest);
        return (BinaryPrimitives.ReadUInt128LittleEndian(digest), BinaryPrimitives.ReadUInt128LittleEndian(digest[16..]));
    }

    // A super admin's half hour in an organization is not stretched for anybody's clock (SEC-37); a token that is new may be.
    private bool IsInTime(AccessToken token)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return now < token.ValidTo + (token.IsActing ? TimeSpan.Zero : ClockSkew) && token.ValidFrom <= now + ClockSkew;
    }

    private static TokenValidationResult Refused(string why) => new() { Exception = new SecurityTokenException(why) };
}
