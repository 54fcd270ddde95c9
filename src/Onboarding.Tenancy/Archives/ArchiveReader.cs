using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Onboarding.Tenancy.Archives;

/// <summary>Reads an archive that may be anything: what it says of itself is held against what it holds, and nothing is read that it has not announced.</summary>
internal sealed class ArchiveReader : IAsyncDisposable
{
    /// <summary>No row of any table comes near; what has longer lines is none of ours.</summary>
    public const int MaxLine = 16 * 1024 * 1024;

    private const int MaxManifest = 1024 * 1024;
    private const int MaxEntries = 1_000;
    private const int BatchRows = 500;
    private const int BatchChars = 1024 * 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> entries;

    private ArchiveReader(ZipArchive archive, Dictionary<string, ZipArchiveEntry> entries, ArchiveManifest manifest) =>
        (this.archive, this.entries, Manifest) = (archive, entries, manifest);

    /// <summary>What it says of itself.</summary>
    public ArchiveManifest Manifest { get; }

    /// <summary>Reads the manifest, and sees whether the archive holds what it names and nothing else.</summary>
    public static async Task<ArchiveReader> OpenAsync(Stream file, CancellationToken cancellationToken)
    {
        // Of what cannot be gone back in all would be held in memory.
        Require(file.CanSeek, "An archive has to be a file: what it is stands at its end.");
        ZipArchive? archive = null;
        try
        {
            archive = await ZipArchive.CreateAsync(file, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
            Require(archive.Entries.Count <= MaxEntries, "The file is no archive of an organization: it has too many entries.");
            var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
            Require(archive.Entries.All(entry => entries.TryAdd(entry.FullName, entry)), "The archive has two entries of one name.");
            Require(entries.TryGetValue(ArchiveManifest.EntryName, out var stated), "The file is no archive of an organization: it has no manifest.");
            var manifest = await ReadManifestAsync(stated!, file.Length, cancellationToken);
            var named = manifest.Tables.Select(table => table.EntryName).Append(ArchiveManifest.EntryName).Order(StringComparer.Ordinal);
            Require(named.SequenceEqual(entries.Keys.Order(StringComparer.Ordinal)), "The archive does not hold what its manifest names.");
            return new(archive, entries, manifest);
        }
        catch (Exception exception)
        {
            await (archive?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw IsBroken(exception) ? new ArchiveRefusedException("The file is no ZIP archive, or is cut off.", exception) : exception;
        }
    }

    /// <summary>The rows of a table, some at a time. After the last ones it is certain that they are what was exported.</summary>
    public async IAsyncEnumerable<IReadOnlyList<string>> ReadAsync(ArchivedTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var stream = await OpenAsync(table, cancellationToken);
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        var (rows, bytes, chars, batch) = (0L, 0L, 0, new List<string>());
        bool isLast;
        do
        {
            var result = await ReadAsync(reader, table, cancellationToken);
            var rest = result.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                var line = rest.Slice(0, rest.GetPosition(1, end));
                rest = rest.Slice(line.End);
                (rows, bytes) = (rows + 1, bytes + line.Length);
                Require(rows <= table.Rows && bytes <= table.Bytes && line.Length <= MaxLine, TooMuch(table, rows));
                batch.Add(Text(line, hash, table, rows));
                chars += batch[^1].Length;
                if (batch.Count == BatchRows || chars >= BatchChars)
                {
                    yield return batch;
                    (batch, chars) = ([], 0);
                }
            }

            Require(bytes + rest.Length <= table.Bytes && rest.Length <= MaxLine, TooMuch(table, rows + 1));
            isLast = result.IsCompleted;
            Require(!isLast || rest.IsEmpty, Differs(table));
            reader.AdvanceTo(rest.Start, rest.End);
        }
        while (!isLast);

        if (batch.Count > 0)
        {
            yield return batch;
        }

        Require(rows == table.Rows && bytes == table.Bytes && Convert.ToHexStringLower(hash.GetHashAndReset()) == table.Sha256, Differs(table));
    }

    public ValueTask DisposeAsync() => archive.DisposeAsync();

    private static async Task<ArchiveManifest> ReadManifestAsync(ZipArchiveEntry entry, long fileLength, CancellationToken cancellationToken)
    {
        // Its entry may say that it is small and not be.
        var bytes = new byte[MaxManifest + 1];
        await using var stream = await entry.OpenAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        Require(length <= MaxManifest, "The archive's manifest is too long.");
        try
        {
            var manifest = JsonSerializer.Deserialize<ArchiveManifest>(bytes.AsSpan(0, length), ArchiveManifest.Json) ?? throw new JsonException();
            return manifest.Refusal(fileLength) is { } refusal ? throw new ArchiveRefusedException(refusal) : manifest;
        }
        catch (JsonException exception)
        {
            // Where, but not what: its text may be made to be shown.
            throw new ArchiveRefusedException($"The archive's manifest cannot be read: line {(exception.LineNumber ?? 0) + 1} holds what does not belong there, or something is missing before it.", exception);
        }
    }

    private static async Task<ReadResult> ReadAsync(PipeReader reader, ArchivedTable table, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            throw new ArchiveRefusedException(Differs(table), exception);
        }
    }

    private async Task<Stream> OpenAsync(ArchivedTable table, CancellationToken cancellationToken)
    {
        try
        {
            return await entries[table.EntryName].OpenAsync(cancellationToken);
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            throw new ArchiveRefusedException(Differs(table), exception);
        }
    }

    private static string Text(ReadOnlySequence<byte> line, IncrementalHash hash, ArchivedTable table, long number)
    {
        foreach (var part in line)
        {
            hash.AppendData(part.Span);
        }

        try
        {
            return Utf8.GetString(line.Slice(0, line.Length - 1));
        }
        catch (DecoderFallbackException exception)
        {
            throw new ArchiveRefusedException($"Line {number} of table {table.Name} of the archive is no text.", exception);
        }
    }

    private static bool IsBroken(Exception exception) => exception is InvalidDataException or EndOfStreamException or NotSupportedException;

    private static string TooMuch(ArchivedTable table, long number) => $"Table {table.Name} of the archive holds more than its manifest says, or longer lines than any row has, from line {number} on.";

    private static string Differs(ArchivedTable table) => $"Table {table.Name} of the archive is not what was exported: its rows do not have the length or the hash that the manifest names.";

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new ArchiveRefusedException(sentence);
        }
    }
}
