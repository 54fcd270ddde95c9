using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>What somebody with every right in the database does to an audit log is found, and named (SEC-48).</summary>
public sealed class AuditChainTests(IsolationFixture fixture)
{
    // Seven lines; {n} stands for the id of the n-th.
    private const int Lines = 7;

    private const string Off = "ALTER TABLE audit_log DISABLE TRIGGER seal_audit_entry;";
    private const string On = "ALTER TABLE audit_log ENABLE TRIGGER seal_audit_entry;";
    private const string Free = "ALTER TABLE audit_log DROP CONSTRAINT ck_audit_log_occurred_at;";
    private const string Forged = "INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), 'forged', 'system');";

    [Theory] // SEC-48
    [InlineData("UPDATE audit_log SET action = 'harmless' WHERE id = {3}", "EntryChanged 3 {3} harmless")]
    [InlineData("UPDATE audit_log SET note = 'else' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_log SET note = '' WHERE id = {2}", "EntryChanged 2 {2} step.2")]
    [InlineData("UPDATE audit_log SET occurred_at = occurred_at + interval '1 microsecond' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData(Free + "UPDATE audit_log SET occurred_at = '20000-01-01 00:00:00Z' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData(Free + "UPDATE audit_log SET occurred_at = 'infinity' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData(Free + "UPDATE audit_log SET occurred_at = '294276-12-31 00:00:00Z' WHERE id = {7}", "EntryChanged 7 {7} step.7")]
    [InlineData("UPDATE audit_log SET actor_kind = 'member' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_log SET actor_id = gen_random_uuid() WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_log SET subject_id = actor_id, actor_id = NULL WHERE id = {4}", "EntryChanged 4 {4} step.4")]
    [InlineData("UPDATE audit_log SET ip_address = '203.0.113.9' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_log SET request_id = 'another' WHERE id = {3}", "EntryChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_log SET note = 'else' WHERE id = {7}", "EntryChanged 7 {7} step.7")]
    [InlineData("UPDATE audit_log SET note = 'else' WHERE id IN ({1}, {5})", "EntryChanged 1 {1} step.1", "EntryChanged 5 {5} step.5")]
    [InlineData("UPDATE audit_log SET id = gen_random_uuid() WHERE id = {3}", "EntryDeleted 3 {3} ", "EntryUnsealed - * step.3")]
    [InlineData("DELETE FROM audit_log WHERE id = {3}", "EntryDeleted 3 {3} ")]
    [InlineData("DELETE FROM audit_log WHERE id IN ({3}, {4}, {7})", "EntryDeleted 3 {3} ", "EntryDeleted 4 {4} ", "EntryDeleted 7 {7} ")]
    [InlineData(Off + Forged + On, "EntryUnsealed - * forged")]
    [InlineData("UPDATE audit_log a SET action = b.action, note = b.note FROM audit_log b WHERE a.id IN ({3}, {4}) AND b.id IN ({3}, {4}) AND a.id <> b.id", "EntryChanged 3 {3} step.4", "EntryChanged 4 {4} step.3")]
    [InlineData("UPDATE audit_seals SET hash = sha256('x') WHERE sequence = 3", "SealChanged 3 {3} step.3")]
    [InlineData("UPDATE audit_seals SET hash = sha256('x') WHERE sequence = 7", "EntryChanged 7 {7} step.7")]
    [InlineData("DELETE FROM audit_seals WHERE sequence = 3", "SealsMissing 4 {4} step.4", "EntryUnsealed - {3} step.3")]
    [InlineData("DELETE FROM audit_seals WHERE sequence = 3; DELETE FROM audit_log WHERE id = {3}", "SealsMissing 4 {4} step.4")]
    [InlineData("DELETE FROM audit_seals WHERE sequence <= 2; DELETE FROM audit_log WHERE id IN ({1}, {2})", "SealsMissing 3 {3} step.3")]
    [InlineData("DELETE FROM audit_seals WHERE sequence = 3; DELETE FROM audit_log WHERE id = {3}; UPDATE audit_seals SET sequence = sequence - 1 WHERE sequence = 4; UPDATE audit_seals SET sequence = sequence - 1 WHERE sequence = 5; UPDATE audit_seals SET sequence = sequence - 1 WHERE sequence = 6; UPDATE audit_seals SET sequence = sequence - 1 WHERE sequence = 7", "EntryChanged 3 {4} step.4", "EntryChanged 4 {5} step.5", "EntryChanged 5 {6} step.6", "EntryChanged 6 {7} step.7")]
    [InlineData(Off, "SealingOff - - ")]
    [InlineData("DROP TRIGGER seal_audit_entry ON audit_log", "SealingOff - - ")]
    [InlineData("CREATE OR REPLACE FUNCTION seal_audit_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';" + Forged, "EntryUnsealed - * forged")]
    [InlineData("DELETE FROM audit_seals WHERE sequence > 1", "EntryUnsealed - {2} step.2", "EntryUnsealed - {3} step.3", "EntryUnsealed - {4} step.4", "EntryUnsealed - {5} step.5", "EntryUnsealed - {6} step.6", "EntryUnsealed - {7} step.7")]
    [InlineData("DROP TABLE audit_seals", "NoSeals - - ")]
    public async Task What_was_done_is_named(string tampering, params string[] findings)
    {
        var (organization, ids) = await SevenLinesAsync();
        Assert.True((await VerifyAsync(organization)).IsProven);

        await fixture.OwnerAsync<string>($"SELECT set_config('search_path', '{organization.Schema}', true); {Named(tampering, "'")}");

        var found = (await VerifyAsync(organization)).Findings.Select(f => $"{f.Fault} {f.Sequence?.ToString(CultureInfo.InvariantCulture) ?? "-"} {Known(f.EntryId)} {f.Action}");
        Assert.Equal(findings.Select(finding => Named(finding, "")).Order(), found.Order());

        string Named(string text, string quote) => Enumerable.Range(1, Lines).Aggregate(text, (sofar, n) => sofar.Replace($"{{{n}}}", $"{quote}{ids[n - 1]}{quote}", StringComparison.Ordinal));
        string Known(Guid? id) => id is null ? "-" : ids.Contains(id.Value) ? $"{id}" : "*";
    }

    // Both are chains without a fault: only a seal that was kept elsewhere tells.
    [Theory] // SEC-48
    [InlineData("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE sequence > 5); DELETE FROM audit_seals WHERE sequence > 5")]
    [InlineData("rewritten")]
    public async Task A_log_that_was_cut_off_or_rewritten_as_a_whole_is_found_by_a_head_that_was_kept(string tampering)
    {
        var (organization, _) = await SevenLinesAsync();
        var (kept, early) = ((await VerifyAsync(organization)).Head!, new AuditHead("2", await HashAsync(organization, 2)));
        Assert.Equal(new AuditHead("7", await HashAsync(organization, Lines)), kept);
        await fixture.AsRoleAsync(organization, $"INSERT INTO {organization.Schema}.audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), 'later', 'system')");
        Assert.True((await VerifyAsync(organization, kept)).IsProven);

        tampering = tampering == "rewritten" ? $"UPDATE audit_log SET note = 'else' WHERE action = 'step.3'; DELETE FROM audit_seals; {AuditSealing.Tenant.SealExisting}" : tampering;
        await fixture.OwnerAsync<string>($"SELECT set_config('search_path', '{organization.Schema}', true); {tampering}");

        Assert.True((await VerifyAsync(organization)).IsProven);
        Assert.Equal(new AuditFinding(AuditFault.HeadUnknown), Assert.Single((await VerifyAsync(organization, kept)).Findings));
        Assert.True((await VerifyAsync(organization, early)).IsProven);
        Assert.Equal(AuditFault.HeadUnknown, Assert.Single((await VerifyAsync(organization, early with { Hash = kept.Hash })).Findings).Fault);
    }

    // Lines from before there were seals: none can be made of such a time, and that must not hold up the migration of the others.
    [Theory] // SEC-48
    [InlineData("'infinity'")]
    [InlineData("'-infinity'")]
    [InlineData("'294276-12-31 00:00:00Z'")]
    public async Task Of_lines_that_are_there_those_are_sealed_that_can_be(string time)
    {
        var (organization, _) = await SevenLinesAsync();

        await fixture.OwnerAsync<string>(
            $"SELECT set_config('search_path', '{organization.Schema}', true); {Free} {Off} INSERT INTO audit_log (id, occurred_at, action, actor_kind) VALUES ('00000000-0000-0000-0000-000000000001', {time}, 'odd', 'system'); {On} DELETE FROM audit_seals; {AuditSealing.Tenant.SealExisting}");

        var report = await VerifyAsync(organization);
        Assert.Equal(new AuditFinding(AuditFault.EntryUnsealed, EntryId: new("00000000-0000-0000-0000-000000000001"), Action: "odd"), Assert.Single(report.Findings) with { OccurredAt = null, Lane = null });
        Assert.Equal(new AuditHead("7", await HashAsync(organization, Lines)), report.Head);
    }

    [Fact] // SEC-48
    public async Task Of_very_many_faults_the_first_are_told_and_all_are_counted()
    {
        var (organization, _) = await SevenLinesAsync();
        await fixture.OwnerAsync<string>($"SELECT set_config('search_path', '{organization.Schema}', true); {Off} INSERT INTO audit_log (id, occurred_at, action, actor_kind) SELECT gen_random_uuid(), now(), 'forged', 'system' FROM generate_series(1, 1234); {On}");

        var report = await VerifyAsync(organization);

        Assert.Equal((1234, 100), (report.Faults, report.Findings.Count));
    }

    [Theory] // SEC-48
    [InlineData("12:" + Hash, true)]
    [InlineData("12.0.3:" + Hash, true)]
    [InlineData("12.0:" + Hash, false)]
    [InlineData("012:" + Hash, false)]
    [InlineData("1..2:" + Hash, false)]
    [InlineData("1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1:" + Hash, true)]
    [InlineData("1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1:" + Hash, false)]
    [InlineData("0:" + Hash, false)]
    [InlineData("-1:" + Hash, false)]
    [InlineData("12", false)]
    [InlineData("12:" + Hash + "0", false)]
    [InlineData("12:g" + Hash, false)]
    [InlineData("99999999999999999999:" + Hash, false)]
    [InlineData("", false)]
    public void A_head_is_read_as_it_is_printed(string text, bool isHead)
    {
        Assert.Equal(isHead, AuditHead.TryParse(text, out var head));
        Assert.Equal(isHead ? text : null, head?.ToString());
    }

    private const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private Task<AuditReport> VerifyAsync(Organization organization, AuditHead? expected = null) =>
        fixture.Services.GetRequiredService<AuditChain>().VerifyAsync(organization, expected, CancellationToken.None);

    private async Task<string> HashAsync(Organization organization, int sequence) =>
        Assert.Single(await fixture.OwnerAsync<string>($"SELECT encode(sha256(hash), 'hex') FROM {organization.Schema}.audit_seals WHERE sequence = {sequence}"));

    // One of the fixture's own, which becomes the first, and six more.
    private async Task<(Organization Organization, IReadOnlyList<Guid> Ids)> SevenLinesAsync()
    {
        var organization = await fixture.OrganizationAsync();
        await fixture.InAsync(organization, async db =>
        {
            foreach (var number in Enumerable.Range(2, Lines - 1))
            {
                var now = TimeProvider.System.GetUtcNow();
                var actor = number == 3 ? Actor.System : new Actor(ActorKind.Member, Ids.New(now), "203.0.113.7", "trace");
                db.Audit($"step.{number}", actor, null, number == 2 ? null : $"note {number}", now);
                await db.SaveChangesAsync();
            }

            return 0;
        });
        await fixture.OwnerAsync<string>($"SELECT set_config('search_path', '{organization.Schema}', true); UPDATE audit_log SET action = 'step.1' WHERE action NOT LIKE 'step.%'; DELETE FROM audit_seals; {AuditSealing.Tenant.SealExisting}");
        return (organization, await fixture.OwnerAsync<Guid>($"SELECT entry_id FROM {organization.Schema}.audit_seals ORDER BY sequence"));
    }
}
