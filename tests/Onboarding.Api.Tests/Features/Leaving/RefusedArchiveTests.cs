using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>Files that are not what they say, and archives of other versions.</summary>
public sealed class RefusedArchiveTests(ApiFixture fixture)
{
    [Fact] // SEC-7
    public async Task What_is_no_archive_or_was_changed_is_refused_and_leaves_nothing()
    {
        var source = await fixture.OrganizationAsync();
        var (archive, manifest) = await source.ExportAsync();
        (byte[] Archive, string Says)[] bad =
        [
            ("no zip"u8.ToArray(), "no ZIP archive"),
            (archive[..^200], "no ZIP archive"),
            (archive.With("manifest.json", _ => null), "no manifest"),
            (archive.With("manifest.json", _ => "{}"), "cannot be read"),
            (archive.With("manifest.json", _ => new string(' ', 2_000_000)), "too long"),
            (archive.WithManifest(m => m with { Format = 2 }), "format 2"),
            (archive.WithManifest(m => m with { SchemaVersion = m.SchemaVersion + 1 }), "schema version"),
            (archive.WithManifest(m => m with { Organization = m.Organization with { Name = new string('n', 300) } }), "cannot be true"),
            (archive.With("tables/members.ndjson", _ => null), "does not hold what its manifest names"),
            (archive.With("tables/other.ndjson", _ => "x"), "does not hold what its manifest names"),
            (archive.With("tables/members.ndjson", _ => null).WithManifest(m => m with { Tables = [.. m.Tables.Where(t => t.Name != "members")] }), "other tables"),
            (archive.With("tables/members.ndjson", text => text.Replace("Full admin", "Full Admin", StringComparison.Ordinal)), "members"),
            (archive.With("tables/members.ndjson", text => text + text), "more than its manifest says"),
            (archive.With("tables/members.ndjson", text => text[..^1]), "not what was exported"),
            (archive.WithTable("members", text => text.Replace("\"status\": \"active\"", "\"status\": 1, \"failed_access\": \"x", StringComparison.Ordinal)), "no row of it"),
            (archive.WithTable("members", text => text + text), "no row of it"),
            (archive.WithTable("members", text => text.Replace("\"role\": \"admin\"", "\"role\": \"nobody\"", StringComparison.Ordinal)), "no row of it"),
            (archive.WithTable("members", text => text.Replace("\"status\"", "\"more\": 1, \"status\"", StringComparison.Ordinal)), "cannot keep"),
            (archive.WithTable("members", text => $"{{\"full_name\": \"{Convert.ToBase64String(RandomNumberGenerator.GetBytes(13 * 1024 * 1024))}\"}}\n"), "longer lines than any row has"),
        ];
        foreach (var (file, says) in bad)
        {
            var identifier = LeavingSteps.NewIdentifier();
            var refused = await Assert.ThrowsAsync<ArchiveRefusedException>(() => fixture.App.ImportAsync(file, identifier));
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Equal(0, await source.CountAsync($"platform.organizations WHERE identifier = '{identifier}'"));
        }

        foreach (var (identifier, says) in new[] { (source.Identifier, "taken"), ("admin", "reserved"), ("A", "3 to 40") })
        {
            Assert.Contains(says, (await Assert.ThrowsAsync<ArchiveRefusedException>(() => fixture.App.ImportAsync(archive, identifier))).Message, StringComparison.Ordinal);
        }

        // What broke off anywhere is as if it had never begun.
        var name = LeavingSteps.NewIdentifier();
        using (var breaking = new BreakingStream(archive))
        {
            await Assert.ThrowsAsync<IOException>(() => fixture.App.Services.GetRequiredService<ImportOrganization>().RunAsync(breaking, name, null, null, CancellationToken.None));
        }

        Assert.Equal(manifest.Content(), (await (await fixture.App.ImportAsync(archive, name)).Organization.ExportAsync()).Manifest.Content());
        Assert.Equal(0, await source.CountAsync("pg_namespace n WHERE nspname LIKE 'org\\_%' AND NOT EXISTS (SELECT FROM platform.organizations WHERE 'org_' || replace(id::text, '-', '') = n.nspname)"));
    }

    [Fact] // SEC-7, FAULT-16
    public async Task An_archive_of_an_older_version_is_brought_up_to_date_and_one_of_a_newer_is_refused()
    {
        var source = await fixture.OrganizationAsync();
        var (archive, manifest) = await source.ExportAsync();

        // The next version: rows that point to rows of their own table which come later, and a trigger that writes.
        var next = fixture.App.Services.GetRequiredService<TenantSchema>().With("""
            ALTER TABLE members ADD COLUMN nickname text NOT NULL DEFAULT 'none';
            CREATE TABLE nodes (id int PRIMARY KEY, parent int REFERENCES nodes (id), note text);
            INSERT INTO nodes VALUES (9, NULL, 'root'), (1, 9, 'leaf');
            CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO nodes SELECT max(id) + 1, 9, 'by trigger' FROM nodes; RETURN NULL; END $$;
            CREATE TRIGGER note_it AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION note_it();
            """);
        var import = ImportBy(next);
        var (newer, _) = await fixture.App.ImportAsync(archive, by: import);

        Assert.Equal([next.Latest], await newer.QueryAsync<int>($"SELECT schema_version FROM platform.organizations WHERE id = '{newer.Organization.Id}'"));
        Assert.Equal(await source.CountAsync("members"), await newer.CountAsync("members WHERE nickname = 'none'"));
        await newer.RunAsync(async db =>
        {
            db.Audit("noted", Tenancy.Audit.Actor.System, null, null, TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync();
        });
        Assert.Equal(["by trigger"], await newer.QueryAsync<string>("SELECT note FROM nodes WHERE id = 10"));

        var (newArchive, exported) = await newer.ExportAsync();
        Assert.Contains("schema version", (await Assert.ThrowsAsync<ArchiveRefusedException>(() => fixture.App.ImportAsync(newArchive))).Message, StringComparison.Ordinal);
        var (copy, _) = await fixture.App.ImportAsync(newArchive, by: import);
        Assert.Equal(exported.Content(), (await copy.ExportAsync()).Manifest.Content());

        // Keys and triggers are what they were.
        Assert.Equal("23503", (await Assert.ThrowsAsync<PostgresException>(() => copy.QueryAsync<int>("INSERT INTO nodes VALUES (50, 60, 'lost') RETURNING id"))).SqlState);
        Assert.Equal(0, await copy.CountAsync("pg_constraint WHERE condeferrable AND contype = 'f' AND connamespace = current_schema()::regnamespace"));
        Assert.Equal(0, await copy.CountAsync("pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgenabled = 'D' AND c.relnamespace = current_schema()::regnamespace"));
        Assert.Equal(manifest.Tables.Count + 1, exported.Tables.Count);
    }

    private ImportOrganization ImportBy(TenantSchema schema)
    {
        var services = fixture.App.Services;
        return new(
            services.GetRequiredService<OwnerDataSource>(), schema, services.GetRequiredService<ApplicationRole>(), services.GetServices<IImportedSecrets>(),
            services.GetRequiredService<CachedOrganizationStore>(), services.GetRequiredService<ClusterSignals>(), services.GetRequiredService<CommitOutcome>(), services.GetRequiredService<TimeProvider>());
    }

    /// <summary>A disk that gives up in the middle of the rows; the manifest, at the end, could be read.</summary>
    private sealed class BreakingStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => Check(base.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Check(base.Read(buffer, offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Check(base.Read(buffer.Span)));

        private int Check(int read) => Position < Length / 2 && Position > 2_000 ? throw new IOException("The disk is gone.") : read;
    }
}
