using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Access tokens that somebody made up (RFC 8725).</summary>
public sealed class ForgedTokenTests(ApiFixture fixture)
{
    [Fact] // SEC-21
    public async Task A_token_that_is_merely_put_together_again_is_good()
    {
        var organization = await fixture.OrganizationAsync();
        await (await organization.MeAsync((await ForgeAsync(organization)).Signed())).OkAsync();
    }

    [Theory] // SEC-21
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("")]
    public async Task No_algorithm_is_no_signature(string algorithm)
    {
        var organization = await fixture.OrganizationAsync();
        var token = await ForgeAsync(organization);
        token.Header["alg"] = algorithm;
        await RequireInvalidAsync(organization, token.Signed(_ => []));
        await RequireInvalidAsync(organization, token.Signed());
        token.Header.Remove("alg");
        await RequireInvalidAsync(organization, token.Signed(_ => []));
    }

    [Fact] // SEC-21
    public async Task The_public_key_is_no_shared_secret()
    {
        var organization = await fixture.OrganizationAsync();
        var token = await ForgeAsync(organization);
        var point = token.Ours.ExportParameters(includePrivateParameters: false).Q;
        var jwks = await organization.Anonymous.GetStringAsync("/.well-known/jwks.json");
        foreach (var algorithm in new[] { "HS256", "HS384", "HS512" })
        {
            token.Header["alg"] = algorithm;
            foreach (var secret in new[]
            {
                token.Ours.ExportSubjectPublicKeyInfo(),
                Encoding.ASCII.GetBytes(token.Ours.ExportSubjectPublicKeyInfoPem()),
                Encoding.ASCII.GetBytes(token.Ours.ExportSubjectPublicKeyInfoPem() + "\n"),
                [.. point.X!, .. point.Y!],
                [4, .. point.X!, .. point.Y!],
                Encoding.UTF8.GetBytes(jwks),
                Encoding.UTF8.GetBytes(JsonNode.Parse(jwks)!["keys"]![0]!.ToJsonString()),
                [],
            })
            {
                await RequireInvalidAsync(organization, token.Signed(data => algorithm switch
                {
                    "HS256" => HMACSHA256.HashData(secret, data),
                    "HS384" => HMACSHA384.HashData(secret, data),
                    _ => HMACSHA512.HashData(secret, data),
                }));
            }
        }
    }

    [Fact] // SEC-21
    public async Task A_key_that_comes_with_the_token_is_never_looked_at_and_never_fetched()
    {
        var organization = await fixture.OrganizationAsync();
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port}/keys.json";
        var key = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(theirs) { KeyId = "theirs" });
        var jwk = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = key.X, ["y"] = key.Y, ["kid"] = "theirs" };

        foreach (var (member, value) in new (string, JsonNode)[] { ("jwk", jwk), ("jku", url), ("x5u", url), ("x5c", new JsonArray(Convert.ToBase64String(theirs.ExportSubjectPublicKeyInfo()))) })
        {
            var token = await ForgeAsync(organization);
            var ours = token.Header["kid"]!.GetValue<string>();
            token.Header[member] = value.DeepClone();
            foreach (var kid in new[] { ours, "theirs", null })
            {
                token.Header["kid"] = kid;
                if (kid is null)
                {
                    token.Header.Remove("kid");
                }

                await RequireInvalidAsync(organization, token.Signed(theirs));
            }
        }

        Assert.False(trap.Pending());
    }

    [Theory] // SEC-21
    [InlineData("0123456789abcdef")]
    [InlineData("../../../../dev/null")]
    [InlineData("..%2f..%2f..%2fdev%2fnull")]
    [InlineData("file:///dev/null")]
    [InlineData("' OR '1'='1")]
    [InlineData("x' UNION SELECT 'secret' --")]
    [InlineData("\0")]
    [InlineData("")]
    public async Task A_key_id_names_one_of_our_keys_or_nothing(string kid)
    {
        var organization = await fixture.OrganizationAsync();
        var token = await ForgeAsync(organization);
        token.Header["kid"] = kid;
        await RequireInvalidAsync(organization, token.Signed());
        await RequireInvalidAsync(organization, token.Signed(data => HMACSHA256.HashData(Array.Empty<byte>(), data)));
    }

    [Fact] // SEC-21
    public async Task Only_our_own_signature_in_its_one_form_is_good()
    {
        var organization = await fixture.OrganizationAsync();
        var good = (await organization.TokensAsync("user")).Access();
        var token = await ForgeAsync(organization);
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await RequireInvalidAsync(organization, token.Signed(theirs));
        await RequireInvalidAsync(organization, token.Signed(_ => new byte[64]));
        await RequireInvalidAsync(organization, token.Signed(_ => []));
        await RequireInvalidAsync(organization, token.Signed(data => token.Ours.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        await RequireInvalidAsync(organization, token.Signed(data => token.Ours.SignData(data, HashAlgorithmName.SHA512)));
        foreach (var algorithm in new[] { "ES384", "ES512", "RS256", "PS256", "EdDSA", "A128KW" })
        {
            token.Header["alg"] = algorithm;
            await RequireInvalidAsync(organization, token.Signed());
        }

        // Other claims under a signature that was good.
        var promoted = await ForgeAsync(organization);
        promoted.Payload["role"] = "admin";
        await RequireInvalidAsync(organization, $"{promoted.Signed()[..promoted.Signed().LastIndexOf('.')]}.{good.Split('.')[2]}");
    }

    [Theory] // SEC-22
    [InlineData("JWT")]
    [InlineData("mfa+jwt")]
    [InlineData("refresh+jwt")]
    [InlineData("AT+JWT2")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Another_type_of_token_is_no_access_token(string? type)
    {
        var organization = await fixture.OrganizationAsync();
        var token = await ForgeAsync(organization);
        token.Header["typ"] = type;
        if (type is null)
        {
            token.Header.Remove("typ");
        }

        await RequireInvalidAsync(organization, token.Signed());
    }

    [Fact] // SEC-1, SEC-21
    public async Task Issuer_and_audience_both_have_to_be_this_organizations()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var (mine, theirs) = (await ForgeAsync(here), await ForgeAsync(there));
        foreach (var claim in new[] { "iss", "aud" })
        {
            foreach (var value in new[] { theirs.Payload[claim], "http://localhost", "platform", "", null })
            {
                var token = await ForgeAsync(here);
                token.Payload[claim] = value?.DeepClone();
                if (value is null)
                {
                    token.Payload.Remove(claim);
                }

                Assert.Equal("tenant.mismatch", await (await here.MeAsync(token.Signed())).CodeAsync(HttpStatusCode.Unauthorized));
            }
        }

        // Where the two that count agree, the claim that merely tells the organization changes nothing.
        mine.Payload["org"] = theirs.Payload["org"]!.DeepClone();
        var me = await (await here.MeAsync(mine.Signed())).OkAsync();
        Assert.Equal(here.Identifier, me.GetProperty("organization").GetProperty("identifier").GetString());
    }

    [Theory] // SEC-21
    [InlineData("exp")]
    [InlineData("sub")]
    [InlineData("sid")]
    public async Task A_token_without_what_every_token_has_is_refused(string claim)
    {
        var organization = await fixture.OrganizationAsync();
        foreach (var value in new JsonNode?[] { null, "", "nonsense", new JsonArray(), true })
        {
            var token = await ForgeAsync(organization);
            token.Payload[claim] = value;
            if (value is null)
            {
                token.Payload.Remove(claim);
            }

            await RequireInvalidAsync(organization, token.Signed());
        }
    }

    // Half a minute of skew is allowed on both sides (FAULT-9); the tests keep away from its edge by the time a call may take.
    [Theory] // SEC-21, FAULT-9
    [InlineData(-600, -10, true)]
    [InlineData(-600, -31, false)]
    [InlineData(-600, -86_400, false)]
    [InlineData(20, 600, true)]
    [InlineData(60, 600, false)]
    [InlineData(86_400, 90_000, false)]
    public async Task Time_is_checked_on_both_sides(int notBefore, int expires, bool good)
    {
        var organization = await fixture.OrganizationAsync();
        var token = (await ForgeAsync(organization)).At(notBefore, expires).Signed();
        if (good)
        {
            await (await organization.MeAsync(token)).OkAsync();
        }
        else
        {
            await RequireInvalidAsync(organization, token);
        }
    }

    [Fact] // SEC-21
    public async Task What_is_no_token_at_all_is_refused_and_breaks_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        var good = (await organization.TokensAsync("user")).Access();
        var parts = good.Split('.');
        var huge = await ForgeAsync(organization);
        huge.Payload["x"] = new string('x', 9_000);
        foreach (var token in new[]
        {
            ".", "..", "...", "....", "a.b.c", "e30.e30.", "e30.e30.e30", $"{parts[0]}.{parts[1]}", $"{parts[0]}.{parts[1]}.", $".{parts[1]}.{parts[2]}",
            $"{parts[0]}.e30.{parts[2]}", $"{parts[0]}..{parts[2]}", $"{good}.", $"{good}.{parts[2]}", $"{good}=", $"{good}.a.b", "bnVsbA.bnVsbA.bnVsbA", "W10.W10.W10", huge.Signed(),
        })
        {
            await RequireInvalidAsync(organization, token);
        }
    }

    [Fact] // SEC-21
    public async Task A_token_counts_in_the_authorization_header_alone()
    {
        var organization = await fixture.OrganizationAsync();
        var good = (await organization.TokensAsync("user")).Access();
        foreach (var (header, value) in new[] { ("Cookie", $"access={good}"), ("X-Api-Key", good), ("X-Authorization", $"Bearer {good}"), ("Authorization", $"Basic {good}"), ("Proxy-Authorization", $"Bearer {good}") })
        {
            using var call = new HttpRequestMessage(HttpMethod.Get, $"/me?access_token={good}&token={good}");
            call.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal("credentials.required", await (await organization.Anonymous.SendAsync(call)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        // Two of them are none: nobody is to pick the better one.
        using var twice = new HttpRequestMessage(HttpMethod.Get, "/me");
        twice.Headers.TryAddWithoutValidation("Authorization", ["Bearer nonsense", $"Bearer {good}"]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await organization.Anonymous.SendAsync(twice)).StatusCode);
    }

    /// <summary>A good token of the user, to be changed.</summary>
    private static async Task<Forgery> ForgeAsync(TestOrganization organization) =>
        Forgery.Of(organization.App, (await organization.TokensAsync("user")).Access());

    private static async Task RequireInvalidAsync(TestOrganization organization, string token)
    {
        var answer = await organization.MeAsync(token);
        Assert.Equal("token.invalid", await answer.CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("Bearer error=\"invalid_token\"", answer.Headers.WwwAuthenticate.Single().ToString());
    }
}
