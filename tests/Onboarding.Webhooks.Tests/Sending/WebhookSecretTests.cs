using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Onboarding.Webhooks.Sending;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class WebhookSecretTests
{
    private static readonly Gen<string> Ids = Gen.Char["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"].Array[1, 64].Select(id => new string(id));
    private static readonly Gen<long> Times = Gen.Long[0, 253_402_300_799]; // to the year 9999
    private static readonly Gen<byte[]> Bodies = Gen.Byte.Array[0, 3_000];
    private static readonly Gen<WebhookSecretKind> Kinds = Gen.Enum<WebhookSecretKind>();
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>One line of <c>webhook-vectors.json</c>; the body is what is signed, byte for byte.</summary>
    public sealed record Vector(string Scheme, string Secret, string? PublicKey, string Id, long Timestamp, string Body, string Signature);

    public static TheoryData<Vector> Vectors()
    {
        using var file = typeof(WebhookSecretTests).Assembly.GetManifestResourceStream("webhook-vectors.json")!;
        return [.. JsonSerializer.Deserialize<Vector[]>(file, SnakeCase)!];
    }

    [Theory] // HOOK-1
    [MemberData(nameof(Vectors))]
    public void The_vectors_pass_byte_for_byte(Vector vector)
    {
        var secret = WebhookSecret.Parse(vector.Secret)!;

        Assert.Equal(vector.Signature, secret.Sign(vector.Id, vector.Timestamp, Encoding.UTF8.GetBytes(vector.Body)));
        Assert.Equal((vector.Secret, vector.PublicKey), (secret.Reveal(), secret.PublicKey));
        Assert.Equal(vector.Scheme, secret.Kind.ToString().ToLowerInvariant());
    }

    [Fact] // HOOK-1: both are there, so that an empty file proves nothing.
    public void The_vectors_cover_both_schemes() => Assert.Equal(["v1", "v1", "v1a"], Vectors().Select(row => row.Data.Scheme));

    [Fact]
    public void An_hmac_is_over_id_timestamp_and_body() => Gen.Select(Ids, Times, Bodies).Sample((id, time, body) =>
    {
        var secret = WebhookSecret.Generate(WebhookSecretKind.V1);
        var key = Convert.FromBase64String(secret.Reveal()["whsec_".Length..]);
        byte[] message = [.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. body];

        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, message)), secret.Sign(id, time, body));
    });

    [Fact]
    public void An_ed25519_signature_verifies_with_the_public_key_and_with_one_changed_bit_does_not() => Gen.Select(Ids, Times, Bodies, Gen.UInt).Sample((id, time, body, bit) =>
    {
        var secret = WebhookSecret.Generate(WebhookSecretKind.V1a);
        var publicKey = Convert.FromBase64String(secret.PublicKey!["whpk_".Length..]);
        var signature = Convert.FromBase64String(secret.Sign(id, time, body)["v1a,".Length..]);
        byte[] message = [.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. body];

        Assert.True(Ed25519.Verify(signature, 0, publicKey, 0, message, 0, message.Length));
        message[bit / 8 % message.Length] ^= (byte)(1 << (int)(bit % 8));
        Assert.False(Ed25519.Verify(signature, 0, publicKey, 0, message, 0, message.Length));
    }, iter: 50);

    [Fact]
    public void A_secret_is_read_as_it_was_written_and_none_is_like_another() => Gen.Select(Kinds, Ids, Times, Bodies).Sample((kind, id, time, body) =>
    {
        var (secret, other) = (WebhookSecret.Generate(kind), WebhookSecret.Generate(kind));
        var read = WebhookSecret.Parse(secret.Reveal())!;

        Assert.Equal((secret.Reveal(), secret.PublicKey, secret.Kind), (read.Reveal(), read.PublicKey, read.Kind));
        Assert.Equal(secret.Sign(id, time, body), read.Sign(id, time, body));
        Assert.NotEqual(secret.Sign(id, time, body), other.Sign(id, time, body));
    }, iter: 50);

    [Theory]
    [InlineData(WebhookSecretKind.V1, @"\Awhsec_[A-Za-z0-9+/]{43}=\z")]
    [InlineData(WebhookSecretKind.V1a, @"\Awhsk_[A-Za-z0-9+/]{86}==\z")]
    public void A_new_secret_has_the_form_and_is_never_printed(WebhookSecretKind kind, string form)
    {
        var secret = WebhookSecret.Generate(kind);

        Assert.Matches(form, secret.Reveal());
        Assert.Equal($"{kind} secret", $"{secret}");
    }

    [Fact] // HOOK-4: what a rotation sends.
    public void Several_secrets_give_a_list_separated_by_spaces()
    {
        WebhookSecret[] secrets = [WebhookSecret.Generate(WebhookSecretKind.V1), WebhookSecret.Generate(WebhookSecretKind.V1a), WebhookSecret.Generate(WebhookSecretKind.V1)];

        var signatures = WebhookSecret.Sign(secrets, "msg_1", 1_700_000_000, "{}"u8).Split(' ');

        Assert.Equal(secrets.Select(secret => secret.Sign("msg_1", 1_700_000_000, "{}"u8)), signatures);
    }

    [Fact]
    public void A_shared_secret_has_24_to_64_bytes()
    {
        var lengths = Enumerable.Range(0, 80).Where(length => WebhookSecret.Parse("whsec_" + Convert.ToBase64String(new byte[length])) is not null);
        Assert.Equal(Enumerable.Range(24, 41), lengths);
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")] // no prefix
    [InlineData("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-")] // base64url
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=")] // loose bits
    [InlineData("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")] // a public key signs nothing
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=")] // a seed alone
    public void What_is_no_secret_is_not_taken_for_one(string text) => Assert.Null(WebhookSecret.Parse(text));

    [Fact]
    public void A_pair_whose_halves_do_not_belong_together_is_refused()
    {
        var halves = new[] { WebhookSecretKind.V1a, WebhookSecretKind.V1a }
            .Select(WebhookSecret.Generate).Select(secret => Convert.FromBase64String(secret.Reveal()["whsk_".Length..])).ToList();

        Assert.Null(WebhookSecret.Parse("whsk_" + Convert.ToBase64String([.. halves[0][..32], .. halves[1][32..]])));
    }

    [Theory] // With a full stop in the id, one signature would stand for two messages.
    [InlineData("")]
    [InlineData("msg.1")]
    [InlineData("msg 1")]
    [InlineData("msg\r\n1")]
    [InlineData("m\u00fcg")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123x")]
    public void An_id_of_another_form_is_not_signed(string id) =>
        Assert.Throws<ArgumentException>(() => WebhookSecret.Generate(WebhookSecretKind.V1).Sign(id, 0, "{}"u8));
}
