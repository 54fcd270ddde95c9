using System.Net;
using System.Text.Json;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.AuditLog;

/// <summary>Whoever reads the audit log can have it proven (SEC-48).</summary>
public sealed class AuditVerificationTests(ApiFixture fixture)
{
    private const string Path = "/audit-log/verification";

    [Fact] // SEC-48
    public async Task A_log_is_proven_and_a_line_that_was_changed_is_named_to_its_admins_and_to_who_runs_the_platform()
    {
        var (organization, other) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await organization.SignInAsync();
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var outside = $"/platform/organizations/{organization.Organization.Id}{Path}";
        var proven = await (await admin.GetAsync(Path)).OkAsync();
        Assert.True(proven.GetProperty("is_proven").GetBoolean());
        Assert.Equal(await organization.CountAsync("audit_log"), proven.GetProperty("lines").GetInt64());
        Assert.Equal(0, proven.GetProperty("findings").GetArrayLength());
        var head = proven.GetProperty("head").GetString();

        var line = (await organization.QueryAsync<Guid>("UPDATE audit_log SET note = 'else' WHERE id = (SELECT entry_id FROM audit_seals WHERE sequence = 1 ORDER BY lane LIMIT 1) RETURNING id"))[0];
        foreach (var verdict in new[] { await (await admin.GetAsync(Path)).OkAsync(), await (await superAdmin.GetAsync(outside)).OkAsync() })
        {
            Assert.False(verdict.GetProperty("is_proven").GetBoolean());
            Assert.Equal(1, verdict.GetProperty("faults").GetInt64());
            var finding = Assert.Single(verdict.GetProperty("findings").EnumerateArray());
            Assert.Equal(("entry_changed", line), (finding.GetProperty("fault").GetString(), finding.GetProperty("entry_id").GetGuid()));
        }

        // The other's is its own, and has another head.
        using var otherAdmin = await other.SignInAsync();
        Assert.True((await (await otherAdmin.GetAsync(Path)).OkAsync()).GetProperty("is_proven").GetBoolean());
        var elsewhere = await (await otherAdmin.GetAsync($"{Path}?expect={head}")).OkAsync();
        Assert.Equal(["head_unknown"], Faults(elsewhere));
    }

    [Fact] // SEC-48
    public async Task A_head_that_was_kept_finds_a_log_whose_end_is_gone()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var head = (await (await admin.GetAsync(Path)).OkAsync()).GetProperty("head").GetString();
        Assert.True((await (await admin.GetAsync($"{Path}?expect={head}")).OkAsync()).GetProperty("is_proven").GetBoolean());

        await organization.QueryAsync<Guid>("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE (lane, sequence) IN (SELECT lane, max(sequence) FROM audit_seals GROUP BY lane)); DELETE FROM audit_seals s WHERE NOT EXISTS (SELECT FROM audit_log l WHERE l.id = s.entry_id) RETURNING entry_id");

        Assert.True((await (await admin.GetAsync(Path)).OkAsync()).GetProperty("is_proven").GetBoolean());
        Assert.Equal(["head_unknown"], Faults(await (await admin.GetAsync($"{Path}?expect={head}")).OkAsync()));
        Assert.Equal("request.invalid", await (await admin.GetAsync($"{Path}?expect=12")).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact] // SEC-48
    public async Task Who_may_not_read_the_log_may_not_have_it_proven()
    {
        var (organization, other) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var user = await organization.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.GetAsync(Path)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("credentials.required", await (await organization.Anonymous.GetAsync(Path)).CodeAsync(HttpStatusCode.Unauthorized));
        using var foreign = organization.WithToken((await other.TokensAsync("admin")).Access());
        Assert.Equal("tenant.mismatch", await (await foreign.GetAsync(Path)).CodeAsync(HttpStatusCode.Unauthorized));
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        Assert.Equal("organization.not_found", await (await superAdmin.GetAsync($"/platform/organizations/{ApiRoute.SomeId}{Path}")).CodeAsync(HttpStatusCode.NotFound));
    }

    // What the statement waits for stands for a log that takes too long to read.
    [Fact] // SEC-48
    public async Task One_that_takes_too_long_is_given_up()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await using (var held = await RowLock.HoldAsync(organization, "LOCK TABLE audit_seals IN ACCESS EXCLUSIVE MODE"))
        {
            var waiting = admin.GetAsync(Path);
            await held.WaitForWaitersAsync(1);

            // One at a time of each, and of others too.
            Assert.Equal("audit_log.busy", await (await admin.GetAsync(Path)).CodeAsync(HttpStatusCode.ServiceUnavailable));
            using var otherAdmin = await (await fixture.OrganizationAsync()).SignInAsync();
            await (await otherAdmin.GetAsync(Path)).OkAsync();
            Assert.Equal("audit_log.too_long", await (await waiting).CodeAsync(HttpStatusCode.Conflict));
        }

        Assert.True((await (await admin.GetAsync(Path)).OkAsync()).GetProperty("is_proven").GetBoolean());
    }

    [Fact] // SEC-48
    public async Task Who_asks_too_often_has_to_wait()
    {
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?> { ["RateLimits:VerifyAuditLog:PerAccount"] = "2", ["RateLimits:VerifyAuditLog:Window"] = "1.00:00:00" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        await (await admin.GetAsync(Path)).OkAsync();
        await (await admin.GetAsync(Path)).OkAsync();
        Assert.Equal("rate_limit.exceeded", await (await admin.GetAsync(Path)).CodeAsync(HttpStatusCode.TooManyRequests));
    }

    // Lines from before the constraint of their column, or from somebody who has taken it away.
    [Fact] // SEC-48
    public async Task A_line_whose_time_no_program_can_read_keeps_nobody_from_the_others()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await organization.QueryAsync<long>("""
            ALTER TABLE audit_log DROP CONSTRAINT ck_audit_log_occurred_at;
            INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', '20000-01-01 00:00:00Z', 'odd', 'member'), (gen_random_uuid(), '0044-03-15 00:00:00Z BC', 'odd', 'member');
            SET CONSTRAINTS ALL IMMEDIATE;
            ALTER TABLE audit_log DISABLE TRIGGER seal_audit_entry;
            INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), 'infinity', 'odd', 'member'), (gen_random_uuid(), '-infinity', 'odd', 'member');
            ALTER TABLE audit_log ENABLE TRIGGER seal_audit_entry; SELECT 1::bigint
            """);
        var lines = await organization.CountAsync("audit_log");
        string[] times = ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"];

        var listed = await Paged.AllAsync(admin, "/audit-log", limit: 1);
        Assert.Equal(lines, listed.Count);
        Assert.Equal(times, Odd(listed));
        var exported = (await admin.GetStringAsync("/audit-log/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(lines, exported.Count);
        Assert.Equal(times, Odd(exported));
        Assert.Equal(["entry_unsealed", "entry_unsealed"], Faults(await (await admin.GetAsync(Path)).OkAsync()));
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var shown = await (await superAdmin.GetAsync($"/platform/organizations/{organization.Organization.Id}")).OkAsync();
        Assert.Equal(JsonValueKind.Object, shown.GetProperty("organization").GetProperty("figures").ValueKind);
    }

    private static string[] Odd(IEnumerable<JsonElement> lines) =>
        [.. lines.Where(line => line.GetProperty("action").GetString() == "odd").Select(line => $"{line.GetProperty("occurred_at").GetDateTimeOffset():yyyy-MM-ddTHH:mm:ssZ}").Order()];

    private static string[] Faults(JsonElement verdict) => [.. verdict.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("fault").GetString()!)];
}
