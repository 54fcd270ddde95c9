using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;

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
        AllowDuplicateProperties = false,
    };

    // Rows have ids, times and hashes, which do not shrink like that; what does is made to fill a disk.
    private const int MaxRatio = 200;
    private const int Slack = 1024 * 1024;

    /// <summary>Why this cannot be true of an archive that is <paramref name="length"/> bytes long, as a sentence; null when it can.</summary>
    internal string? Refusal(long length)
    {
        if (Format != CurrentFormat)
        {
            return $"The archive has format {Format}; this version reads {CurrentFormat}.";
        }

        // What its type says of a list holds for the list, and not for what is in it.
        var odd = Organization.Refusal() ?? Tables.Index().Select(table => table.Item is null ? "nothing" : table.Item.Refusal() is { } what ? $"{what} of table {table.Index + 1}" : null).FirstOrDefault(what => what is not null);
        return odd is not null ? $"The archive's manifest cannot be true: it has {odd}."
            : Tables.Sum(table => (decimal)table.Bytes) > (MaxRatio * (decimal)length) + Slack ? $"The archive would unpack to more than {MaxRatio} times its size, which no organization's rows do."
            : null;
    }

    /// <summary>Whether this product may have written such a text: it fits its column, and holds nothing that PostgreSQL cannot keep, a terminal obeys or that turns the text around it.</summary>
    internal static bool IsPlain(string text, int longest) => text.Length > 0 && text.Length <= longest && !text.Any(c => char.IsControl(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
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
public sealed partial record ArchivedOrganization(
    Guid Id, string Identifier, string Name, string Plan, string AccentColor, JsonElement Settings, JsonElement Overrides, Guid SecretScope)
{
    internal string? Refusal() =>
        !ArchiveManifest.IsPlain(Identifier, 40) ? "no such identifier"
        : !ArchiveManifest.IsPlain(Name, 200) ? "no name that would do"
        : !ArchiveManifest.IsPlain(Plan, 64) ? "no plan"
        : !IsColor(AccentColor) ? "no colour"
        : Settings.ValueKind != JsonValueKind.Object ? "no settings"
        : Overrides.ValueKind != JsonValueKind.Object ? "no overrides"
        : SecretScope == Guid.Empty ? "no secret scope"
        : null;

    /// <summary>Whether mails and pages can show it.</summary>
    internal static bool IsColor(string text) => Color().IsMatch(text);

    [GeneratedRegex(@"\A#[0-9a-fA-F]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Color();
}

/// <summary>A table in an archive: <c>tables/{name}.ndjson</c>, one row a line.</summary>
/// <param name="Name">Of the table.</param>
/// <param name="Rows">How many.</param>
/// <param name="Bytes">How long the lines are, uncompressed.</param>
/// <param name="Sha256">Of those bytes, in lower-case hexadecimal.</param>
/// <param name="Partitions">Names of its partitions; none for an ordinary table.</param>
public sealed partial record ArchivedTable(string Name, long Rows, long Bytes, string Sha256, IReadOnlyList<string> Partitions)
{
    /// <summary>Of months, twenty years; each is a table, and PostgreSQL makes only so many of them in one transaction.</summary>
    private const int MaxPartitions = 240;

    /// <summary>Name of its entry.</summary>
    internal string EntryName => EntryOf(Name);

    internal static string EntryOf(string table) => $"tables/{table}.ndjson";

    internal string? Refusal() =>
        !Plain().IsMatch(Name) ? "no name that a table could have"
        : Rows < 0 ? "a negative number of rows"
        : Bytes < 0 ? "a negative length"
        : Partitions.Count > MaxPartitions ? $"more than {MaxPartitions} partitions"
        : Partitions.Any(partition => partition is null || !Plain().IsMatch(partition)) ? "a name that no partition could have"
        : null;

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}

/// <summary>An archive cannot be taken: a sentence says why.</summary>
public sealed class ArchiveRefusedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// Whether PostgreSQL refuses what an archive holds, and not what is done with it: a value that is none (class 22), a rule that it
    /// breaks (23), or more than a limit of PostgreSQL allows (54), such as JSON that is nested without end.
    /// </summary>
    internal static bool Caused(PostgresException exception) => exception.SqlState[..2] is "22" or "23" or "54";
}
