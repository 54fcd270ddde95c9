using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Onboarding.Tenancy.ApiKeys;

/// <summary>
/// The form of an API key: <c>ok_live_</c>, the id of its organization (22 characters), the secret (32) and a checksum
/// (6), all in base62.
/// </summary>
/// <remarks>
/// Without punctuation a double click takes the whole, and one expression finds it in a repository. The checksum tells a
/// slip from a key before any query; everybody can compute it, so it proves nothing.
/// </remarks>
public static class ApiKeyToken
{
    /// <summary>What every key begins with, and nothing else does.</summary>
    public const string Prefix = "ok_live_";

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int IdLength = 22; // 62^22 > 2^128
    private const int SecretLength = 32; // 190 bits (SEC-34)
    private const int ChecksumLength = 6; // 62^6 > 2^32
    private const int Length = 8 + IdLength + SecretLength + ChecksumLength;

    private static readonly SearchValues<char> Base62 = SearchValues.Create(Digits);

    /// <summary>A new key of the organization.</summary>
    public static string New(Guid organization)
    {
        Span<byte> id = stackalloc byte[16];
        organization.TryWriteBytes(id, bigEndian: true, out _);
        var body = Prefix + Encode(BinaryPrimitives.ReadUInt128BigEndian(id), IdLength) + RandomNumberGenerator.GetString(Digits, SecretLength);
        return body + Checksum(body);
    }

    /// <summary>The organization that a key claims to belong to; null when it is not well-formed.</summary>
    public static Guid? OrganizationOf(string key)
    {
        if (key.Length != Length || !key.StartsWith(Prefix, StringComparison.Ordinal) || key.AsSpan(Prefix.Length).ContainsAnyExcept(Base62))
        {
            return null;
        }

        if (Checksum(key[..^ChecksumLength]) != key[^ChecksumLength..] || Decode(key.AsSpan(Prefix.Length, IdLength)) is not { } number)
        {
            return null;
        }

        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(id, number);
        return new Guid(id, bigEndian: true);
    }

    private static string Checksum(string body) =>
        Encode(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(body))), ChecksumLength);

    private static string Encode(UInt128 number, int length) => string.Create(length, number, static (text, rest) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Digits[(int)(rest % 62)];
            rest /= 62;
        }
    });

    /// <summary>Null for a number of more than 128 bits, so that every id has one spelling.</summary>
    private static UInt128? Decode(ReadOnlySpan<char> text)
    {
        UInt128 number = 0;
        foreach (var character in text)
        {
            var digit = (UInt128)Digits.IndexOf(character, StringComparison.Ordinal);
            if (number > (UInt128.MaxValue - digit) / 62)
            {
                return null;
            }

            number = (number * 62) + digit;
        }

        return number;
    }
}
