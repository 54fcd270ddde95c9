using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Onboarding.Api.Features.AuditLog;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.AuditLog;

/// <summary>An audit log of a hundred thousand lines, one a minute, is filtered without reading all of it (SEC-48).</summary>
public sealed class AuditLogFiltersTests(ApiFixture fixture)
{
    private static readonly Guid Actor = Guid.Parse("01990000-0000-7000-8000-000000000007");
    private static readonly DateTimeOffset Begin = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Ids as the product makes them: 48 bits of milliseconds, the version, chance.
    private static readonly string Fill = $"""
        ALTER TABLE audit_log DISABLE TRIGGER seal_audit_entry;
        INSERT INTO audit_log (id, occurred_at, action, actor_kind, actor_id)
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
          at, 'step.' || n % 500, 'member', CASE WHEN n % 1000 = 7 THEN '{Actor}'::uuid ELSE md5((n % 1000)::text)::uuid END
        FROM (SELECT n, timestamptz '2025-01-01 00:00:00Z' + n * interval '1 minute' AS at FROM generate_series(0, 99999) AS n) AS line;
        ALTER TABLE audit_log ENABLE TRIGGER seal_audit_entry;
        ANALYZE audit_log; SELECT 1::bigint
        """;

    [Fact] // SEC-48
    public async Task Each_filter_has_its_index_and_the_export_takes_the_same()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.QueryAsync<long>(Fill);
        using var admin = await organization.SignInAsync();

        foreach (var (query, filter, expected) in new (string, AuditLogQuery, int)[]
        {
            ($"actor={Actor}", new(Actor: Actor), 100),
            ("action=step.3", new(Action: "step.3"), 200),
            ("action=never.happened", new(Action: "never.happened"), 0),
            ("from=2025-02-01T00:00:00Z&to=2025-02-01T02:00:00Z", new(From: Begin.AddDays(31), To: Begin.AddDays(31).AddHours(2)), 120),
            ("to=2025-01-01T01:00:00%2B00:00", new(To: Begin.AddHours(1)), 60),
            ("from=2025-03-11T10:00:00Z&action=step.3", new(Action: "step.3", From: Begin.AddDays(69).AddHours(10)), 0),
            ($"actor={Actor}&from=2025-01-01T00:07:00Z&to=2025-01-02T09:27:00Z", new(Actor: Actor, From: Begin.AddMinutes(7), To: Begin.AddMinutes(2007)), 2),
        })
        {
            Assert.Equal((query, expected), (query, (await Paged.AllAsync(admin, $"/audit-log?{query}", limit: 100)).Count));
            Assert.Equal((query, expected), (query, (await ExportAsync(admin, query)).Count));
            var plan = await PlanAsync(organization, filter);
            Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
            Assert.Contains("Index Scan", plan, StringComparison.Ordinal);
        }
    }

    [Fact] // SEC-48: nodes of two versions run side by side
    public async Task A_kind_of_party_that_only_a_later_version_knows_is_shown_as_it_stands()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.QueryAsync<long>("ALTER TABLE audit_log DROP CONSTRAINT IF EXISTS ck_audit_log_actor_kind; INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), 'made.up', 'agent'); SELECT 1::bigint");
        using var admin = await organization.SignInAsync();

        var shown = Assert.Single((await (await admin.GetAsync("/audit-log?action=made.up")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal("agent", shown.GetProperty("actor_kind").GetString());
        Assert.Equal("agent", Assert.Single(await ExportAsync(admin, "action=made.up")).GetProperty("actor_kind").GetString());
    }

    [Theory] // SEC-48
    [InlineData("actor=nobody")]
    [InlineData("actor=")]
    [InlineData("action=01234567890123456789012345678901234567890123456789012345678901234")]
    [InlineData("from=yesterday")]
    [InlineData("to=2025-02-30T00:00:00Z")]
    public async Task What_is_no_filter_is_refused(string query)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();

        foreach (var path in new[] { "/audit-log", "/audit-log/export" })
        {
            using var answer = await admin.GetAsync($"{path}?{query}");
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, answer.StatusCode));
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    private static async Task<List<JsonElement>> ExportAsync(HttpClient admin, string query) =>
        [.. (await admin.GetStringAsync($"/audit-log/export?{query}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static Task<string> PlanAsync(TestOrganization organization, AuditLogQuery query) => organization.RunAsync(async db =>
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        await using var command = GetAuditLog.Rows(GetAuditLog.Filter(db, query), 26).CreateDbCommand();
        command.Transaction = transaction.GetDbTransaction();
        command.CommandText = $"EXPLAIN {command.CommandText}";
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    });
}
