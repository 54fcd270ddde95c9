using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace Onboarding.Api.Http;

/// <summary>A keyset position, (sort value, id), as an opaque base64url text.</summary>
/// <remarks>
/// Not signed: it holds only what the caller has just read, and a list filters by organization whatever the cursor
/// says. The first byte tells the two kinds apart, so a cursor of another list is refused and not misread.
/// </remarks>
internal static class Cursor
{
    private const byte Time = 1;
    private const byte Text = 2;
    private const int IdLength = 16;

    public static string Of(DateTimeOffset at, Guid id)
    {
        Span<byte> ticks = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(ticks, at.UtcTicks);
        return Encode(Time, id, ticks);
    }

    public static string Of(string value, Guid id) => Encode(Text, id, Encoding.UTF8.GetBytes(value));

    /// <summary>False for a cursor that no list issued; true and null without one, which is the first page.</summary>
    public static bool TryRead(string? cursor, out (DateTimeOffset At, Guid Id)? after)
    {
        after = null;
        if (cursor is null)
        {
            return true;
        }

        if (!TryDecode(Time, cursor, out var id, out var value) || value.Length != sizeof(long))
        {
            return false;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(value);
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks)
        {
            return false;
        }

        after = (new DateTimeOffset(ticks, TimeSpan.Zero), id);
        return true;
    }

    /// <inheritdoc cref="TryRead(string?, out ValueTuple{DateTimeOffset, Guid}?)"/>
    public static bool TryRead(string? cursor, out (string Value, Guid Id)? after)
    {
        after = null;
        if (cursor is null)
        {
            return true;
        }

        if (!TryDecode(Text, cursor, out var id, out var value) || !Utf8.IsValid(value) || value.Contains((byte)0))
        {
            return false;
        }

        after = (Encoding.UTF8.GetString(value), id);
        return true;
    }

    private static string Encode(byte kind, Guid id, ReadOnlySpan<byte> value)
    {
        var bytes = new byte[1 + IdLength + value.Length];
        bytes[0] = kind;
        id.TryWriteBytes(bytes.AsSpan(1), bigEndian: true, out _);
        value.CopyTo(bytes.AsSpan(1 + IdLength));
        return Base64Url.EncodeToString(bytes);
    }

    private static bool TryDecode(byte kind, string cursor, out Guid id, out byte[] value)
    {
        (id, value) = (default, []);
        if (!Base64Url.IsValid(cursor))
        {
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(cursor);
        if (bytes.Length < 1 + IdLength || bytes[0] != kind)
        {
            return false;
        }

        id = new Guid(bytes.AsSpan(1, IdLength), bigEndian: true);
        value = bytes[(1 + IdLength)..];
        return true;
    }
}
