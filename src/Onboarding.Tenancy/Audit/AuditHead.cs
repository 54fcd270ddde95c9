using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Onboarding.Tenancy.Audit;

/// <summary>Where an audit log stood at one moment: kept elsewhere, it proves all that came before it.</summary>
/// <remarks>Printed as <c>812.30.2:HASH</c>: how many lines each lane has, and the SHA-256 over the last hash of each.</remarks>
/// <param name="Lanes">How many lines each lane has, from the first to the last that has any.</param>
/// <param name="Hash">The hash, in lowercase hexadecimal.</param>
public sealed record AuditHead(string Lanes, string Hash)
{
    private const int HashLength = 64;

    /// <summary>How many lines each lane has.</summary>
    public IEnumerable<long> Sequences => Lanes.Split('.').Select(number => long.Parse(number, CultureInfo.InvariantCulture));

    /// <summary>How many lines it stands for.</summary>
    public long Count => Sequences.Sum();

    /// <summary>Reads what <see cref="ToString"/> prints.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AuditHead? head)
    {
        head = text.Split(':') is [var lanes, { Length: HashLength } hash] && hash.All(char.IsAsciiHexDigit)
            && lanes.Split('.') is { Length: <= AuditSealing.Lanes } numbers && numbers.All(IsNumber) && numbers[^1] != "0"
            ? new(lanes, hash.ToLowerInvariant())
            : null;
        return head is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Lanes}:{Hash}";

    /// <summary>The head that these seals are, one of each lane that has any; null without one.</summary>
    internal static AuditHead? Of(SortedDictionary<int, (long Sequence, byte[] Hash)> seals) => seals.Count == 0 ? null : new(
        string.Join('.', Enumerable.Range(0, seals.Keys.Last() + 1).Select(lane => (seals.TryGetValue(lane, out var seal) ? seal.Sequence : 0).ToString(CultureInfo.InvariantCulture))),
        Convert.ToHexStringLower(SHA256.HashData([.. seals.Values.SelectMany(seal => seal.Hash)])));

    // As it is printed, without leading zeros.
    private static bool IsNumber(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == text;
}
