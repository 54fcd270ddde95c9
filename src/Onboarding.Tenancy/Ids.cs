using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Onboarding.Tenancy;

/// <summary>The one way to make an id: UUIDv7 (RFC 9562), so that ids sort by time and indexes grow at their right edge.</summary>
public static class Ids
{
    // RFC 9562, 6.2, method 1: the 12 bits behind the milliseconds count within one of them.
    private const int CounterBits = 12;

    // The last stamp of each of the latest milliseconds: whoever took the time a moment ago still counts in that.
    private static readonly long[] Latest = new long[1024];

    /// <summary>
    /// A new id stamped with <paramref name="now"/>. Of two that one process makes in the same millisecond the second is
    /// the greater: events of one moment are told in the order in which they happened (HOOK-20).
    /// </summary>
    public static Guid New(DateTimeOffset now)
    {
        var stamp = Next(now.ToUnixTimeMilliseconds());
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[8..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes, (stamp >> CounterBits << 16) | 0x7000L | (stamp & ((1L << CounterBits) - 1)));
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static long Next(long milliseconds)
    {
        ref var latest = ref Latest[milliseconds & (Latest.Length - 1)];
        while (true)
        {
            var before = Volatile.Read(ref latest);

            // A full millisecond runs over into the next; 62 random bits keep those apart, too.
            var next = before >> CounterBits == milliseconds ? before + 1 : milliseconds << CounterBits;
            if (Interlocked.CompareExchange(ref latest, next, before) == before)
            {
                return next;
            }
        }
    }
}
