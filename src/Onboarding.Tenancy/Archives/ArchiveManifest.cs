using System.Text.Json;

namespace Onboarding.Tenancy.Archives;

/// <summary>What an archive says of itself: <c>manifest.json</c>, the last entry of the ZIP.</summary>
/// <param name="Format">Version of the archive's own form: <see cref="CurrentFormat"/>.</param>
/// <param name="SchemaVersion">Of the tables: how many tenant migrations their schema had.</param>
/// <param name="ExportedAt">When.</param>
/// <param name="Organization">Its entry of the catalogue.</param>
/// <param name="Tables">Every table that is in the archive.</param>
public sealed record ArchiveManifest(int Format, int SchemaVersion, DateTimeOffset ExportedAt, ArchivedOrganization Organization, IReadOnlyList<ArchivedTable> Tables)
{
    /// <summary>The form that this build writes, and the only one that it reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Name of its entry.</summary>
    internal const string EntryName = "manifest.json";

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };
}

/// <summary>An organization's entry of the catalogue.</summary>
/// <param name="Id">Of the source; a copy has one of its own.</param>
/// <param name="Identifier">Of the source.</param>
/// <param name="Name">Display name.</param>
/// <param name="Plan">Key of its plan.</param>
/// <param name="AccentColor"><c>#rrggbb</c>.</param>
/// <param name="Settings">What its admins have settled, as the catalogue holds it.</param>
/// <param name="Overrides">What was settled for it alone, as the catalogue holds it.</param>
/// <param name="SecretScope">What its secrets are encrypted for.</param>
public sealed record ArchivedOrganization(
    Guid Id, string Identifier, string Name, string Plan, string AccentColor, JsonElement Settings, JsonElement Overrides, Guid SecretScope);

/// <summary>A table in an archive: <c>tables/{name}.ndjson</c>, one row a line.</summary>
/// <param name="Name">Of the table.</param>
/// <param name="Rows">How many.</param>
/// <param name="Bytes">How long the lines are, uncompressed.</param>
/// <param name="Sha256">Of those bytes, in lower-case hexadecimal.</param>
/// <param name="Partitions">Names of its partitions; none for an ordinary table.</param>
public sealed record ArchivedTable(string Name, long Rows, long Bytes, string Sha256, IReadOnlyList<string> Partitions)
{
    /// <summary>Name of its entry.</summary>
    internal string EntryName => EntryOf(Name);

    internal static string EntryOf(string table) => $"tables/{table}.ndjson";
}

/// <summary>An archive cannot be taken: a sentence says why.</summary>
public sealed class ArchiveRefusedException(string message, Exception? inner = null) : Exception(message, inner);
