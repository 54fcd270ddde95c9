using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>What leaves, and that it comes back as it was.</summary>
public sealed class ArchiveTests(ApiFixture fixture)
{
    [Fact] // SEC-7
    public async Task A_copy_of_an_organization_holds_the_same_rows_and_its_people_sign_in_as_before()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var source = await fixture.OrganizationAsync();
        using var admin = await source.SignInAsync();
        var app = await source.EnableMfaAsync(admin);
        await admin.DefineRoleAsync("auditor", Permissions.ReadMembers);
        await (await admin.PatchAsJsonAsync("/organization", new { name = "Wäyne \"Enterprises\"", branding = new { accent_color = "#123456" } })).OkAsync();
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await source.HappenAsync(3);
        await source.DeliveriesAsync("delivered", 3);
        await source.RegisterAndVerifyAsync("ada");
        await source.SettledAsync();

        // An attempt of another month, in a partition of its own, and a row that counts by a sequence.
        await source.QueryAsync<int>($"""
            CREATE TABLE webhook_attempts_202401 PARTITION OF webhook_attempts FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
            INSERT INTO webhook_attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, response) SELECT gen_random_uuid(), d.id, d.endpoint_id, 1, '2024-01-15 12:00+00', 1, '\x00ff' FROM webhook_deliveries d LIMIT 1;
            INSERT INTO member_claims (user_id, claim_type, claim_value) VALUES ('{source.AdminId}', 'a', 'b');
            SELECT 1
            """);

        var (archive, exported) = await source.ExportAsync();
        Assert.True(exported.Tables.Where(table => table.Name is "members" or "totp" or "recovery_codes" or "audit_log" or "outbox" or "api_keys" or "roles" or "webhook_deliveries" or "webhook_attempts" or "member_claims").All(table => table.Rows > 0));
        var (copy, imported) = await fixture.App.ImportAsync(archive);
        Assert.Empty(imported.Unreadable);
        Assert.Equal(exported.Tables.Sum(table => table.Rows), imported.Rows);

        // Nothing of the source's is told again.
        Assert.Equal(0, await copy.CountAsync($"platform.work WHERE organization_id = '{copy.Organization.Id}'"));
        var (_, again) = await copy.ExportAsync();
        Assert.Equal(exported.Content(), again.Content());
        Assert.Contains("webhook_attempts_202401", again.Tables.Single(table => table.Name == "webhook_attempts").Partitions);
        Assert.Equal((exported.Organization with { Id = default, Identifier = "", Settings = default, Overrides = default }), again.Organization with { Id = default, Identifier = "", Settings = default, Overrides = default });
        Assert.Equal(exported.Organization.Settings.GetRawText(), again.Organization.Settings.GetRawText());

        // By password, and by the very app.
        await copy.TokensAsync("user");
        using var copied = await copy.SignInWithAsync("admin", app with { Organization = copy });
        Assert.Equal("Wäyne \"Enterprises\"", (await (await copied.GetAsync("/organization")).OkAsync()).GetProperty("name").GetString()!.Trim());
        await (await copied.GetAsync($"/webhooks/endpoints/{endpoint}")).OkAsync();

        // Sign-ins and keys of the source are the source's.
        Assert.Equal("tenant.mismatch", await (await copy.MeAsync((await source.TokensAsync("user")).Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("tenant.mismatch", await (await copy.ReadAsync(key)).CodeAsync(HttpStatusCode.Unauthorized));
        await copy.QueryAsync<int>($"INSERT INTO member_claims (user_id, claim_type, claim_value) VALUES ('{source.AdminId}', 'c', 'd') RETURNING id");
    }

    [Fact] // SEC-6, SEC-7
    public async Task Endpoints_of_a_copy_get_what_happens_in_it_and_those_of_the_source_what_happens_there()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var source = await fixture.OrganizationAsync();
        using var admin = await source.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await admin.AddEndpointAsync(receiver.Url, ordered: true);
        await source.SettledAsync();
        var (copy, _) = await fixture.App.ImportAsync((await source.ExportAsync()).Archive);

        await Task.WhenAll(source.HappenAtOnceAsync(40), copy.HappenAtOnceAsync(40));
        await source.DeliveriesAsync("delivered", 80);
        await copy.DeliveriesAsync("delivered", 80);

        var sent = new List<string>();
        foreach (var organization in new[] { source, copy })
        {
            sent.AddRange((await organization.QueryAsync<Guid>("SELECT message_id FROM webhook_deliveries")).Select(id => id.HeaderId()));
        }

        Assert.Equal(sent.Order(StringComparer.Ordinal), receiver.Requests.Select(r => r.Id).Order(StringComparer.Ordinal));
        await source.SettledAsync();
        await copy.SettledAsync();
    }

    [Fact] // SEC-7
    public async Task What_waited_in_the_source_is_not_sent_by_the_copy()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var source = await fixture.OrganizationAsync();
        using var admin = await source.SignInAsync();
        receiver.Answer = _ => new(500);
        await admin.AddEndpointAsync(receiver.Url);
        await source.HappenAsync();
        await Eventually.HoldsAsync(async () => await source.CountAsync("webhook_deliveries WHERE attempts = 1") == 1, "it was tried");
        var (archive, exported) = await source.ExportAsync();

        var (copy, _) = await fixture.App.ImportAsync(archive);

        Assert.Equal(1, await copy.CountAsync("webhook_deliveries WHERE status = 'pending'"));
        Assert.Equal(0, await copy.CountAsync($"platform.work WHERE organization_id = '{copy.Organization.Id}'"));
        Assert.Equal(exported.Content(), (await copy.ExportAsync()).Manifest.Content());
    }

    [Fact] // SEC-7
    public async Task Every_table_is_archived_or_named_as_one_that_stays_behind()
    {
        var source = await fixture.OrganizationAsync();
        var (archive, manifest) = await source.ExportAsync();
        var tables = await source.QueryAsync<string>("""SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname COLLATE "C" """);

        // A new table belongs here, or into ArchiveTables.NotArchived with the reason: does it hold what would let somebody in?
        Assert.Equal(
            [
                "api_key_usage", "api_keys", "approval_rules", "audit_log", "audit_seals", "member_claims", "member_logins", "members", "outbox", "passkeys", "recovery_codes", "roles",
                "settings", "totp", "usage_counters", "webhook_attempts", "webhook_deliveries", "webhook_endpoints", "webhook_messages",
            ],
            manifest.Tables.Select(table => table.Name));
        Assert.Equal(tables, manifest.Tables.Select(table => table.Name).Concat(ArchiveTables.NotArchived).Order(StringComparer.Ordinal));
        Assert.Empty(await source.QueryAsync<string>($"""
            SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
              AND confrelid::regclass::text IN ('{string.Join("', '", ArchiveTables.NotArchived)}') AND conrelid::regclass::text NOT IN ('{string.Join("', '", ArchiveTables.NotArchived)}')
            """));
        using var zip = new ZipArchive(new MemoryStream(archive));
        Assert.Equal("manifest.json", zip.Entries[^1].FullName);
        Assert.All(manifest.Tables, table => Assert.Equal(table.Rows, zip.GetEntry($"tables/{table.Name}.ndjson")!.Read().Count(c => c == '\n')));
    }

    [Fact] // SEC-7, SEC-9
    public async Task An_archive_holds_nothing_that_lets_anybody_in()
    {
        var source = await fixture.OrganizationAsync();
        using var admin = await source.SignInAsync();
        await source.InviteAsync(admin, "guest@example.test");
        await source.RegisterAsync("ada");
        await source.ResetLinkAsync("user");
        var tokens = await source.TokensAsync("user");
        var hashes = await source.QueryAsync<string>("SELECT token_hash::text FROM invitations UNION ALL SELECT token_hash::text FROM refresh_tokens UNION ALL SELECT token_hash::text FROM password_links");
        Assert.True(hashes.Count >= 4);

        using var zip = new ZipArchive(new MemoryStream((await source.ExportAsync()).Archive));

        var text = string.Concat(zip.Entries.Select(LeavingSteps.Read)).Replace("\\\\", "\\", StringComparison.Ordinal);
        Assert.DoesNotContain(hashes, hash => text.Contains(hash, StringComparison.Ordinal));
        Assert.DoesNotContain(tokens.Refresh(), text, StringComparison.Ordinal);
    }

    [Fact] // SEC-7
    public async Task On_an_installation_with_another_key_what_cannot_be_opened_is_taken_away_and_said()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var source = await fixture.OrganizationAsync();
        var app = await source.EnableMfaAsync("admin");
        using var admin = await source.SignInWithAsync("admin", app);
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        var (archive, _) = await source.ExportAsync();
        await using var elsewhere = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?> { ["Secrets:MasterKey"] = "cH3n0eS8W5x1bq7kQmJrVtYzLd2fGa9PuiEo4TlXwsU=" });
        elsewhere.StartServer();

        var (moved, imported) = await elsewhere.ImportAsync(archive, source.Identifier, name: "Moved");

        Assert.Equal(["1 authenticator", "1 webhook"], imported.Unreadable.Select(sentence => string.Join(' ', sentence.Split(' ').Take(2))).Order());
        Assert.Equal("Moved", imported.Organization.Name);
        Assert.Equal(0, await moved.CountAsync("recovery_codes"));
        using var there = await moved.SignInAsync();
        var shown = await there.EndpointAsync(endpoint);
        Assert.Equal("disabled", shown.GetProperty("status").GetString());
        await (await there.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", new { grace_hours = 0 })).OkAsync();
        await moved.EnableMfaAsync(there);
    }

    [Fact] // SEC-7, BILL-24
    public async Task A_copy_is_on_the_plan_that_whoever_imports_says_and_not_on_the_one_that_a_file_claims()
    {
        var source = await TestOrganization.CreateAsync(fixture.App, plan: "free");
        var (archive, exported) = await source.ExportAsync();
        var claims = archive.WithRawManifest(manifest =>
        {
            manifest["organization"]!["plan"] = "premium";
            manifest["organization"]!["overrides"] = JsonNode.Parse("""{ "Features": { "sso": true }, "Quotas": { "seats": 1000000 } }""");

            // What its own tables do not say holds neither.
            manifest["organization"]!["settings"] = JsonNode.Parse("""{ "Revision": 99, "MfaRequiredFrom": "2020-01-01T00:00:00Z", "SignInMethods": ["passkey"] }""");
        });

        var (copy, imported) = await fixture.App.ImportAsync(claims, plan: "free");
        Assert.Equal(("free", "premium"), (imported.Organization.Plan, imported.Source.Plan));
        Assert.Equal(["free {}"], await copy.QueryAsync<string>($"SELECT plan || ' ' || CASE WHEN overrides -> 'Features' = '{{}}' AND overrides -> 'Quotas' = '{{}}' THEN '{{}}' ELSE overrides::text END FROM platform.organizations WHERE id = '{copy.Organization.Id}'"));
        Assert.Equal(exported.Content(), (await copy.ExportAsync()).Manifest.Content());
        using var admin = await copy.SignInAsync();
        Assert.Equal(["free"], [(await (await admin.GetAsync("/organization")).OkAsync()).GetProperty("plan").GetString()]);

        var (believed, _) = await fixture.App.ImportAsync(claims);
        Assert.Equal(["premium 1000000"], await believed.QueryAsync<string>($"SELECT plan || ' ' || (overrides -> 'Quotas' ->> 'seats') FROM platform.organizations WHERE id = '{believed.Organization.Id}'"));
        await believed.TokensAsync("user");
        Assert.Equal(
            [$"organization.imported {source.Identifier} as of {exported.ExportedAt:u}, on plan premium"],
            await believed.QueryAsync<string>($"SELECT action || ' ' || note FROM platform.audit_log WHERE organization_id = '{believed.Organization.Id}' AND actor_kind = 'system' AND action = 'organization.imported'"));
        Assert.Equal(0, await believed.CountAsync("audit_log WHERE action = 'organization.imported'"));
    }

    [Fact] // SEC-7
    public async Task A_copy_has_the_name_that_it_was_given_whatever_its_source_had_chosen()
    {
        var source = await fixture.OrganizationAsync();
        using var admin = await source.SignInAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { name = "Chosen by its admins" })).OkAsync();
        var (archive, _) = await source.ExportAsync();
        foreach (var (given, name) in new[] { ("Given", "Given"), (null, "Chosen by its admins") })
        {
            var (copy, _) = await fixture.App.ImportAsync(archive, name: given);
            using var copied = await copy.SignInAsync();
            Assert.Equal(name, (await (await copied.GetAsync("/organization")).OkAsync()).GetProperty("name").GetString());
            Assert.Equal([name], await copy.QueryAsync<string>($"SELECT name FROM platform.organizations WHERE id = '{copy.Organization.Id}'"));
        }
    }

    // Lines from before the constraints of their columns, which hold for new ones only.
    [Fact] // SEC-7, SEC-48
    public async Task Lines_of_the_log_that_no_program_could_read_keep_an_organization_from_nothing()
    {
        var source = await fixture.OrganizationAsync();
        await source.QueryAsync<long>($"""
            CREATE TEMPORARY TABLE rules ON COMMIT PRESERVE ROWS AS SELECT conname, pg_get_constraintdef(oid) AS says FROM pg_constraint WHERE conrelid = 'audit_log'::regclass AND contype = 'c';
            ALTER TABLE audit_log DROP CONSTRAINT ck_audit_log_occurred_at, DROP CONSTRAINT ck_audit_log_actor_kind, DISABLE TRIGGER seal_audit_entry;
            INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), 'infinity', 'odd', 'member'), (gen_random_uuid(), '0044-03-15 00:00:00Z BC', 'odd', 'member'), (gen_random_uuid(), now(), 'odd', 'nobody');
            ALTER TABLE audit_log ENABLE TRIGGER seal_audit_entry;
            DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM rules LOOP EXECUTE format('ALTER TABLE audit_log ADD CONSTRAINT %I %s', r.conname, r.says); END LOOP; END $$;
            SELECT count(*) FROM rules
            """);
        var (archive, exported) = await source.ExportAsync();

        var (copy, _) = await fixture.App.ImportAsync(archive);

        Assert.Equal(exported.Content(), (await copy.ExportAsync()).Manifest.Content());
        using var admin = await copy.SignInAsync();
        Assert.Equal(3, (await (await admin.GetAsync("/audit-log?action=odd")).OkAsync()).GetProperty("data").GetArrayLength());

        // And new ones are held to what they are in the source.
        const string Rules = "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype = 'c' ORDER BY 1";
        Assert.Equal(await source.QueryAsync<string>(Rules), await copy.QueryAsync<string>(Rules));
        foreach (var (time, kind) in new[] { ("'infinity'", "member"), ("now()", "nobody") })
        {
            Assert.Equal("23514", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => copy.QueryAsync<Guid>($"INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), {time}, 'odd', '{kind}') RETURNING id"))).SqlState);
        }
    }
}
