using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Onboarding.Tenancy.Archives;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>Archives that somebody has made odd, by hand or by accident: each ends with a sentence that says where, and leaves nothing.</summary>
public sealed partial class HostileArchiveTests(ApiFixture fixture)
{
    [Fact] // SEC-7
    public async Task A_manifest_that_cannot_be_true_is_refused()
    {
        var archive = await ArchiveAsync();
        await RefusedAsync(
            [
                .. Manifests(archive, "cannot be read: line",
                    m => m["tables"] = null,
                    m => m["tables"] = "all",
                    m => m["tables"] = new JsonObject(),
                    m => m["tables"]![3]!["partitions"] = null,
                    m => m["tables"]![3]!["rows"] = null,
                    m => m["tables"]![3]!["rows"] = "12",
                    m => m["tables"]![3]!["rows"] = 1.5,
                    m => m["tables"]![3]!["rows"] = JsonNode.Parse("1e300"),
                    m => m["tables"]![3]!["bytes"] = JsonNode.Parse("99999999999999999999"),
                    m => m["tables"]![3]!["sha256"] = null,
                    m => m["tables"]![3]!["name"] = null,
                    m => m["tables"]![3]!.AsObject().Remove("rows"),
                    m => m["tables"]![3] = "members",
                    m => m["organization"] = null,
                    m => m["organization"]!["id"] = "me",
                    m => m["organization"]!["name"] = null,
                    m => m["organization"]!["name"] = 7,
                    m => m["organization"]!.AsObject().Remove("settings"),
                    m => m["organization"]!.AsObject().Remove("secret_scope"),
                    m => m["organization"]!["settings"] = Nested(100),
                    m => m["schema_version"] = null,
                    m => m["schema_version"] = JsonNode.Parse("4294967296"),
                    m => m["exported_at"] = "yesterday",
                    m => m["exported_at"] = "99999-01-01T00:00:00Z",
                    m => m["format"] = "1"),
                .. Manifests(archive, "cannot be true",
                    m => m["tables"]!.AsArray().Add(null),
                    m => m["tables"]![3] = null,
                    m => m["tables"]![3]!["partitions"] = new JsonArray([null]),
                    m => m["tables"]![3]!["partitions"] = new JsonArray("members_\u001b[2J"),
                    m => m["tables"]![3]!["partitions"] = new JsonArray([.. Enumerable.Range(0, 1000).Select(n => JsonValue.Create($"members_{n}"))]),
                    m => m["tables"]![3]!["rows"] = -1,
                    m => m["tables"]![3]!["bytes"] = -1,
                    m => m["tables"]![3]!["name"] = "../../etc/passwd",
                    m => m["tables"]![3]!["name"] = "members\"; DROP SCHEMA platform CASCADE; --",
                    m => m["tables"]![3]!["name"] = "",
                    m => m["organization"]!["settings"] = null,
                    m => m["organization"]!["settings"] = new JsonArray(),
                    m => m["organization"]!["overrides"] = null,
                    m => m["organization"]!["overrides"] = "all",
                    m => m["organization"]!["name"] = "",
                    m => m["organization"]!["name"] = "Wayne\0",
                    m => m["organization"]!["name"] = "Wayne\u202Eenyaw",
                    m => m["organization"]!["name"] = new string('n', 201),
                    m => m["organization"]!["plan"] = new string('p', 65),
                    m => m["organization"]!["plan"] = "pre\u001bmium",
                    m => m["organization"]!["identifier"] = "",
                    m => m["organization"]!["accent_color"] = "red;}</style>",
                    m => m["organization"]!["secret_scope"] = Guid.Empty.ToString()),
                .. Manifests(archive, "sense",
                    m => m["organization"]!["overrides"] = JsonNode.Parse("""{ "Features": null }"""),
                    m => m["organization"]!["overrides"] = JsonNode.Parse("""{ "Features": { "sso": "yes" } }"""),
                    m => m["organization"]!["overrides"] = JsonNode.Parse("""{ "Quotas": { "seats": 1e30 } }""")),
                .. Manifests(archive, "fit the catalogue", m => m["organization"]!["overrides"] = JsonNode.Parse("""{ "Quotas": { "se\u0000ats": 1 } }""")),
                .. Manifests(archive, "does not hold what its manifest names",
                    m => m["tables"] = new JsonArray(),
                    m => m["tables"]!.AsArray().Add(m["tables"]![3]!.DeepClone()),
                    m => m["tables"]![3]!["name"] = "passwd"),
                .. Manifests(archive, "times its size",
                    m => m["tables"]![3]!["bytes"] = long.MaxValue,
                    m => _ = m["tables"]!.AsArray().Select(table => table!["bytes"] = long.MaxValue).ToList()),
                .. Manifests(archive, "schema version", m => m["schema_version"] = 0, m => m["schema_version"] = int.MinValue, m => m["schema_version"] = int.MaxValue),
                (archive.With("manifest.json", _ => "null"), "cannot be read: line"),
                (archive.With("manifest.json", _ => ""), "cannot be read: line"),
                (archive.With("manifest.json", text => text[..(text.Length / 2)]), "cannot be read: line"),
                (archive.With("manifest.json", text => text.Replace("\"format\"", "\"format\": 1, \"format\"", StringComparison.Ordinal)), "cannot be read: line"),
                (archive.With("manifest.json", text => NameOf().Replace(text, "\"name\": \"\\ud800\"", 1)), "cannot be read: line"),
                (archive.With("manifest.json", _ => new string('[', 900_000)), "cannot be read: line"),
                (archive.With("manifest.json", text => text + new string(' ', 1024 * 1024)), "too long"),
                (archive.With("tables/../../../tmp/evil.ndjson", _ => "x"), "does not hold what its manifest names"),
            ]);
    }

    [Fact] // SEC-7
    public async Task Rows_that_are_none_are_refused_and_the_line_is_told()
    {
        var archive = await ArchiveAsync();
        await RefusedAsync(
            [
                // The second of two members, each in its own way.
                (archive.WithTable("members", text => Line(text, 2, _ => "[]")), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, _ => "null")), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, _ => "")), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, _ => "{}")), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => line[..^5])), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => line.Replace("Full user", "Full\\u0000user", StringComparison.Ordinal))), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => line.Replace("\"Full user\"", $"\"{new string('x', 5000)}\"", StringComparison.Ordinal))), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => line.Replace("\"Full user\"", new string('[', 200_000) + new string(']', 200_000), StringComparison.Ordinal))), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => line.Replace("\"decision_reason\"", "\"decision_reasons\"", StringComparison.Ordinal))), "members"),
                (archive.WithTable("members", text => Line(text, 2, line => Without(line, "full_name"))), "Line 2 of table members"),
                (archive.WithTable("members", text => Line(text, 2, line => Without(line, "pending_email"))), "members"),
                (archive.WithTable("roles", text => string.Concat(text.Split('\n').Where(line => !line.Contains("\"user\"", StringComparison.Ordinal) && line.Length > 0).Select(line => line + "\n"))), "Line"),
                (archive.WithTable("settings", _ => ""), "lacks a row that every organization has"),

                // What PostgreSQL keeps, and this product could not read.
                (archive.WithTable("members", text => Line(text, 2, line => line.Replace("\"status\": \"active\"", "\"status\": \"superb\"", StringComparison.Ordinal))), "Table members of the archive has a row that this version of the product cannot read"),

                // What it could read, and its admins could not have settled.
                .. Settings(archive, "a colour that is none", ("accent_color", "\"red\"")),
                .. Settings(archive, "a name that would not do", ("name", "\"Wayne\u202Eenyaw\""), ("name", "\"Wayne\\u0007\""), ("name", "\"\"")),
                .. Settings(archive, "a revision that counts nothing", ("revision", "9223372036854775807"), ("revision", "9007199254740993"), ("revision", "-1")),
                .. Settings(archive, "a limit that there is not", ("session_idle_minutes", "-1"), ("session_idle_minutes", "2147483647"), ("session_absolute_minutes", "0"), ("min_password_length", "1"), ("min_password_length", "2147483647")),
                .. Settings(archive, "a logo that is none", ("logo_url", "\"javascript:alert(1)\""), ("logo_url", "\"http://logo.example/x.png\""), ("logo_url", "\"https://localhost/x.png\"")),
                .. Settings(archive, "Table settings of the archive", ("sign_in_methods", "\"\"")),
            ]);
    }

    [Fact] // SEC-7, SEC-48: after the last number there is no other, and then nothing that is told in the log could be done
    public async Task Seals_after_which_no_other_could_follow_are_refused()
    {
        var archive = await ArchiveAsync();
        await RefusedAsync([.. Sealed(("lane", "16"), ("lane", "-1"), ("sequence", "9223372036854775807"), ("sequence", "9007199254740993"), ("sequence", "0"))]);

        IEnumerable<(byte[] Archive, string Says)> Sealed(params (string Column, string Value)[] changes) =>
            changes.Select(change => (archive.WithTable("audit_seals", text => With(text.Split('\n')[0], change) + "\n"), "a seal of no chain"));
    }

    [Fact] // SEC-7
    public async Task Months_that_there_are_not_are_not_made()
    {
        var archive = (await ArchiveAsync()).WithRawManifest(m => m["tables"]!.AsArray().Single(table => (string?)table!["name"] == "webhook_attempts")!["partitions"] =
            new JsonArray("webhook_attempts_999912", "webhook_attempts_202413", "webhook_attempts_000001", "members_202401", "webhook_attempts_202401", "webhook_attempts_202401"));
        var (copy, _) = await fixture.App.ImportAsync(archive);
        Assert.Equal(["webhook_attempts_202401"], await copy.QueryAsync<string>("SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname ~ '(9999|2024|0000)[0-9]{2}$'"));
    }

    [Fact] // SEC-7
    public async Task Files_that_are_broken_or_made_to_fill_a_disk_are_refused()
    {
        var archive = await ArchiveAsync();
        var bomb = new string('x', 60_000_000);
        await RefusedAsync(
            [
                (archive.WithTable("members", text => text + string.Concat(Enumerable.Repeat($"{{\"full_name\": \"{bomb[..1_000_000]}\"}}\n", 50))), "times its size"),
                (archive.With("tables/members.ndjson", text => text + bomb), "more than its manifest says"),
                (archive.With("tables/members.ndjson", text => text + new string('\n', 1_000_000)), "more than its manifest says"),
                (archive.With("tables/members.ndjson", _ => ""), "not what was exported"),
                (Doubled(archive), "two entries of one name"),
                (new byte[1_000], "no ZIP archive"),
                ([], "no ZIP archive"),
                (archive[500..], "no ZIP archive"),
                (ReplacedIn(archive, "tables/members.ndjson", method: 99), "ZIP archive|not what was exported"),
                .. Enumerable.Range(1, 9).Select(tenth => (archive[..(archive.Length * tenth / 10)], "no ZIP archive")),
            ]);
    }

    [Fact] // SEC-7
    public async Task Whatever_byte_of_an_archive_changes_it_is_refused_or_makes_no_difference()
    {
        var archive = await ArchiveAsync();
        var random = new Random(4711);
        for (var i = 0; i < 40; i++)
        {
            // Most are in the rows; some are wanted in the directory at the end, which says where everything is.
            var changed = (byte[])archive.Clone();
            var place = i % 2 == 0 ? random.Next(changed.Length) : changed.Length - 1 - random.Next(2_000);
            changed[place] ^= (byte)(1 << random.Next(8));
            var identifier = LeavingSteps.NewIdentifier();
            try
            {
                await fixture.App.ImportAsync(changed, identifier);
            }
            catch (ArchiveRefusedException refused)
            {
                Assert.NotEmpty(refused.Message);
            }
            catch (Exception exception) when (exception is not ArchiveRefusedException)
            {
                Assert.Fail($"Bit at {place} of {changed.Length}: {exception}");
            }
        }

        await NothingIsLeftAsync();
    }

    private static JsonNode Nested(int depth)
    {
        JsonNode node = new JsonObject();
        for (var i = 0; i < depth; i++)
        {
            node = new JsonObject { ["a"] = node };
        }

        return node;
    }

    private static IEnumerable<(byte[] Archive, string Says)> Manifests(byte[] archive, string says, params Action<JsonNode>[] changes) =>
        changes.Select(change => (archive.WithRawManifest(change), says));

    private static string Line(string text, int number, Func<string, string> change)
    {
        var lines = text.Split('\n');
        lines[number - 1] = change(lines[number - 1]);
        return string.Join('\n', lines);
    }

    private static IEnumerable<(byte[] Archive, string Says)> Settings(byte[] archive, string says, params (string Column, string Value)[] changes) =>
        changes.Select(change => (archive.WithTable("settings", text => Line(text, 1, line => With(line, change))), says));

    // As PostgreSQL writes it: a number, a text without commas, or null.
    private static string With(string line, (string Column, string Value) change)
    {
        var value = new Regex($"(?<=\"{change.Column}\": )[^,}}]+");
        Assert.Matches(value, line);
        return value.Replace(line, _ => change.Value);
    }

    private static string Without(string line, string column)
    {
        var row = JsonNode.Parse(line)!.AsObject();
        row.Remove(column);
        return row.ToJsonString();
    }

    private static byte[] Doubled(byte[] archive)
    {
        using var stream = new MemoryStream();
        stream.Write(archive);
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("tables/members.ndjson").Open();
            entry.Write("{}\n"u8);
        }

        return stream.ToArray();
    }

    // The compression method of an entry of the directory at the end: 10 bytes behind its signature, its name 46.
    private static byte[] ReplacedIn(byte[] archive, string entry, byte method)
    {
        var changed = (byte[])archive.Clone();
        var name = changed.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(entry));
        changed[name - 36] = method;
        return changed;
    }

    private async Task<byte[]> ArchiveAsync() => (await (await fixture.OrganizationAsync()).ExportAsync()).Archive;

    private async Task RefusedAsync(IReadOnlyList<(byte[] Archive, string Says)> cases)
    {
        var wrong = new List<string>();
        foreach (var (index, (archive, says)) in cases.Index())
        {
            var identifier = LeavingSteps.NewIdentifier();
            var exception = await Record.ExceptionAsync(() => fixture.App.ImportAsync(archive, identifier));
            if (exception is not ArchiveRefusedException refused || !Regex.IsMatch(refused.Message, says) || refused.Message.Any(char.IsControl))
            {
                wrong.Add($"{index}: wanted '{says}', was {exception}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        await NothingIsLeftAsync();
    }

    private async Task NothingIsLeftAsync()
    {
        var organization = await fixture.OrganizationAsync();
        Assert.Equal(0, await organization.CountAsync("pg_namespace n WHERE nspname LIKE 'org\\_%' AND NOT EXISTS (SELECT FROM platform.organizations WHERE 'org_' || replace(id::text, '-', '') = n.nspname)"));
    }

    [GeneratedRegex("\"name\": \"Name[^\"]*\"")]
    private static partial Regex NameOf();
}
