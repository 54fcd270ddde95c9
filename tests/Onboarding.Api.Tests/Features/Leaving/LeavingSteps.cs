using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Audit;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>Archives, and what may happen to one on its way.</summary>
internal static class LeavingSteps
{
    /// <summary>Exports as a response would be written: to a stream that can neither seek nor be written to without waiting.</summary>
    public static async Task<(byte[] Archive, ArchiveManifest Manifest)> ExportAsync(this TestOrganization organization)
    {
        await using var output = new ResponseLikeStream();
        var manifest = await organization.App.Services.GetRequiredService<ExportOrganization>().RunAsync(organization.Organization.Key, Actor.System, reason: null, output, CancellationToken.None);
        return (output.Written(), manifest!);
    }

    /// <summary>Imports as a new organization, on the plan that the archive names unless one is given.</summary>
    public static async Task<(TestOrganization Organization, ImportedOrganization Imported)> ImportAsync(
        this TestApp app, byte[] archive, string? identifier = null, ImportOrganization? by = null, string? name = null, string? plan = null)
    {
        using var file = new MemoryStream(archive);
        var imported = await (by ?? app.Services.GetRequiredService<ImportOrganization>()).RunAsync(file, identifier ?? NewIdentifier(), name, plan, CancellationToken.None);
        return (TestOrganization.Of(app, imported.Organization), imported);
    }

    public static string NewIdentifier() => $"copy-{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";

    /// <summary>What is comparable of an archive's tables.</summary>
    public static IReadOnlyList<(string Name, long Rows, string Sha256)> Content(this ArchiveManifest manifest) => [.. manifest.Tables.Select(table => (table.Name, table.Rows, table.Sha256))];

    /// <summary>The same archive with one entry written anew: null leaves it out.</summary>
    public static byte[] With(this byte[] archive, string entry, Func<string, string?> change)
    {
        using var result = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(archive)))
        using (var target = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in source.Entries.Select(e => (e.FullName, Read(e))).Concat(source.GetEntry(entry) is null ? [(entry, "")] : []))
            {
                if ((name == entry ? change(text) : text) is { } written)
                {
                    using var stream = target.CreateEntry(name).Open();
                    stream.Write(Encoding.UTF8.GetBytes(written));
                }
            }
        }

        return result.ToArray();
    }

    /// <summary>Another manifest.</summary>
    public static byte[] WithManifest(this byte[] archive, Func<ArchiveManifest, ArchiveManifest> change) =>
        archive.With("manifest.json", text => JsonSerializer.Serialize(change(JsonSerializer.Deserialize<ArchiveManifest>(text, Json)!), Json));

    /// <summary>Another manifest, which its own type could not say.</summary>
    public static byte[] WithRawManifest(this byte[] archive, Action<JsonNode> change) => archive.With("manifest.json", text =>
    {
        var manifest = JsonNode.Parse(text)!;
        change(manifest);
        return manifest.ToJsonString();
    });

    /// <summary>Another text of a table, with a manifest that fits: only the database can object.</summary>
    public static byte[] WithTable(this byte[] archive, string table, Func<string, string> change)
    {
        var changed = "";
        return archive.With($"tables/{table}.ndjson", text => changed = change(text)).WithManifest(manifest => manifest with
        {
            Tables = [.. manifest.Tables.Select(t => t.Name == table
                ? t with { Rows = changed.Count(c => c == '\n'), Bytes = Encoding.UTF8.GetByteCount(changed), Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(changed))) }
                : t)],
        });
    }

    public static string Read(this ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open());
        return reader.ReadToEnd();
    }

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Kestrel refuses what blocks a thread.</summary>
    private sealed class ResponseLikeStream : Stream
    {
        private readonly MemoryStream written = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public byte[] Written() => written.ToArray();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => written.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => written.WriteAsync(buffer, offset, count, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush() => throw new InvalidOperationException("Synchronous operations are disallowed.");

        public override void Write(byte[] buffer, int offset, int count) => throw new InvalidOperationException("Synchronous operations are disallowed.");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
