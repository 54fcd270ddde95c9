using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Unicode;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Onboarding.Webhooks.Sending;

/// <summary>How a webhook is signed, by the names of Standard Webhooks.</summary>
public enum WebhookSecretKind
{
    /// <summary>HMAC-SHA256: sender and receiver share the secret.</summary>
    V1,

    /// <summary>ed25519: the receiver has the public key only.</summary>
    V1a,
}

/// <summary>What signs an endpoint's webhooks (Standard Webhooks 1.0). Immutable; safe to use from many threads.</summary>
/// <remarks>
/// <c>v1</c> is 24-64 bytes in the form <c>whsec_</c> + base64; <c>v1a</c> is an ed25519 seed and its public key, 64 bytes
/// in the form <c>whsk_</c> + base64.
/// </remarks>
public abstract class WebhookSecret
{
    private const int MaxIdLength = 64;
    private const int MaxPrefixLength = MaxIdLength + 22; // two full stops and the digits of a long
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");

    private WebhookSecret()
    {
    }

    /// <summary>Which of the two it is.</summary>
    public abstract WebhookSecretKind Kind { get; }

    /// <summary>What a receiver verifies <c>v1a</c> with: <c>whpk_</c> + base64. Null for <c>v1</c>.</summary>
    public virtual string? PublicKey => null;

    /// <summary>A new one: 32 random bytes for <c>v1</c>, a key pair for <c>v1a</c>.</summary>
    public static WebhookSecret Generate(WebhookSecretKind kind) => kind switch
    {
        WebhookSecretKind.V1 => new Hmac(RandomNumberGenerator.GetBytes(32)),
        WebhookSecretKind.V1a => new Ed25519Pair(RandomNumberGenerator.GetBytes(Ed25519Pair.SeedLength)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Reads what <see cref="Reveal"/> wrote. Null when it is none.</summary>
    public static WebhookSecret? Parse(string text)
    {
        if (Decode(text, Hmac.Prefix) is { Length: >= 24 and <= 64 } key)
        {
            return new Hmac(key);
        }

        // Signing with a public key that is not the seed's would give the seed away.
        return Decode(text, Ed25519Pair.Prefix) is { Length: 2 * Ed25519Pair.SeedLength } pair
            && new Ed25519Pair(pair[..Ed25519Pair.SeedLength]) is var secret && secret.Reveal() == text ? secret : null;
    }

    /// <summary>The secret itself: to be shown to an admin, or encrypted and stored (SEC-40).</summary>
    public abstract string Reveal();

    /// <summary>One signature, such as <c>v1,</c> + base64, over <c>id.timestamp.body</c>.</summary>
    /// <param name="id">The message's; 1-64 of A-Z, a-z, 0-9, <c>_</c> and <c>-</c>, so that the signed text has one reading.</param>
    /// <param name="unixSeconds">When this attempt is made.</param>
    /// <param name="body">The very bytes that are sent.</param>
    /// <exception cref="ArgumentException">The id has another form.</exception>
    public string Sign(string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length is 0 or > MaxIdLength || id.AsSpan().ContainsAnyExcept(IdCharacters))
        {
            throw new ArgumentException("The id of a message has 1 to 64 of the characters A-Z, a-z, 0-9, '_' and '-'.", nameof(id));
        }

        Span<byte> prefix = stackalloc byte[MaxPrefixLength];
        _ = Utf8.TryWrite(prefix, CultureInfo.InvariantCulture, $"{id}.{unixSeconds}.", out var written);
        return Sign(prefix[..written], body);
    }

    /// <summary>The value of <c>webhook-signature</c>: a signature by each secret, separated by spaces. During a rotation there are several.</summary>
    public static string Sign(IEnumerable<WebhookSecret> secrets, string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        var signatures = new List<string>();
        foreach (var secret in secrets)
        {
            signatures.Add(secret.Sign(id, unixSeconds, body));
        }

        return string.Join(' ', signatures);
    }

    /// <summary>Its kind alone: it may end up in a log.</summary>
    public sealed override string ToString() => $"{Kind} secret";

    private protected abstract string Sign(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> body);

    // Every secret has one spelling: Convert reads over white space and loose bits at the end.
    private static byte[]? Decode(string text, string prefix)
    {
        var bytes = new byte[66];
        return text.StartsWith(prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64Chars(text.AsSpan(prefix.Length), bytes, out var length)
            && Convert.ToBase64String(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(text.AsSpan(prefix.Length)) ? bytes[..length] : null;
    }

    private sealed class Hmac(byte[] key) : WebhookSecret
    {
        public const string Prefix = "whsec_";

        public override WebhookSecretKind Kind => WebhookSecretKind.V1;

        public override string Reveal() => Prefix + Convert.ToBase64String(key);

        private protected override string Sign(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> body)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hmac.AppendData(prefix);
            hmac.AppendData(body);
            Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
            hmac.GetHashAndReset(signature);
            return "v1," + Convert.ToBase64String(signature);
        }
    }

    private sealed class Ed25519Pair(byte[] seed) : WebhookSecret
    {
        public const string Prefix = "whsk_";
        public const int SeedLength = 32; // and as many bytes of public key
        private readonly byte[] _publicKey = new Ed25519PrivateKeyParameters(seed).GeneratePublicKey().GetEncoded();

        public override WebhookSecretKind Kind => WebhookSecretKind.V1a;

        public override string PublicKey => "whpk_" + Convert.ToBase64String(_publicKey);

        public override string Reveal() => Prefix + Convert.ToBase64String([.. seed, .. _publicKey]);

        private protected override string Sign(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> body)
        {
            // ed25519 reads its message twice (RFC 8032), so it has to be in one piece.
            var length = prefix.Length + body.Length;
            var message = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                prefix.CopyTo(message);
                body.CopyTo(message.AsSpan(prefix.Length));
                var signature = new byte[Ed25519.SignatureSize];
                Ed25519.Sign(seed, 0, _publicKey, 0, message, 0, length, signature, 0);
                return "v1a," + Convert.ToBase64String(signature);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(message);
            }
        }
    }
}
