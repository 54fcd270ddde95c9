using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Setup;

/// <summary>Section <c>Secrets</c>: the one secret that everything else is derived from or encrypted by.</summary>
internal sealed class SecretsOptions : IValidatableObject
{
    public const string Section = "Secrets";

    /// <summary>32 random bytes in base64. Encrypts the key ring of data protection and keys the hashes of one-time codes.</summary>
    public string MasterKey { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var bytes = new byte[64];
        if (!Convert.TryFromBase64String(MasterKey, bytes, out var length) || length != 32)
        {
            yield return new("Secrets:MasterKey must be 32 random bytes in base64; make one with: openssl rand -base64 32", [nameof(MasterKey)]);
        }
        else if (bytes.AsSpan(0, length).ToArray().Distinct().Count() < 16)
        {
            // 32 random bytes hold some 30 different values; a made-up key such as AAAA... holds one.
            yield return new("Secrets:MasterKey is weak: it repeats itself. Make one with: openssl rand -base64 32", [nameof(MasterKey)]);
        }
    }

    /// <summary>A key for one purpose; keys for different purposes tell nothing about each other (RFC 5869).</summary>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Convert.FromBase64String(MasterKey), 32, info: Encoding.UTF8.GetBytes(purpose));
}

internal static class Secrets
{
    public static IServiceCollection AddSecrets(this IServiceCollection services)
    {
        services.AddOptions<SecretsOptions>().BindConfiguration(SecretsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new SecretHasher(provider.GetRequiredService<IOptions<SecretsOptions>>().Value.Derive("one-time-codes")));
        services.AddDataProtection().SetApplicationName("onboarding").PersistKeysToDbContext<PlatformDbContext>();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(
            options => options.XmlEncryptor = new MasterKeyEncryptor(provider.GetRequiredService<IOptions<SecretsOptions>>())));
        return services;
    }
}

/// <summary>Encrypts the key ring at rest: a dump of the database without the master key opens nothing (SEC-9, SEC-49).</summary>
internal sealed class MasterKeyEncryptor(IOptions<SecretsOptions> secrets) : IXmlEncryptor
{
    public const string Purpose = "data-protection-key-ring";

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + plain.Length];
        var nonce = sealedBytes.AsSpan(0, AesGcm.NonceByteSizes.MaxSize);
        var tag = sealedBytes.AsSpan(nonce.Length, AesGcm.TagByteSizes.MaxSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(secrets.Value.Derive(Purpose), tag.Length);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(nonce.Length + tag.Length), tag);
        return new EncryptedXmlInfo(new XElement("sealed", Convert.ToBase64String(sealedBytes)), typeof(MasterKeyDecryptor));
    }
}

/// <summary>The way back. Data protection makes it by its type's name, with the services as the only argument.</summary>
internal sealed class MasterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var secrets = services.GetRequiredService<IOptions<SecretsOptions>>().Value;
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value).AsSpan();
        var nonce = sealedBytes[..AesGcm.NonceByteSizes.MaxSize];
        var tag = sealedBytes.Slice(nonce.Length, AesGcm.TagByteSizes.MaxSize);
        var cipher = sealedBytes[(nonce.Length + tag.Length)..];
        var plain = new byte[cipher.Length];
        using var aes = new AesGcm(secrets.Derive(MasterKeyEncryptor.Purpose), tag.Length);
        aes.Decrypt(nonce, cipher, tag, plain);
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }
}
