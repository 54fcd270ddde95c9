using System.Globalization;

namespace Onboarding.Api.Tests.Operations;

/// <summary>What an operator asks of audit logs, and is told.</summary>
[Collection(DeploymentCollection.Name)]
public sealed class AuditCommandsTests(Deployment deployment)
{
    [Fact] // SEC-48
    public async Task A_line_that_was_changed_by_hand_is_found_and_named_and_stops_no_other_proof()
    {
        var (honest, forged) = (await CreateAsync("honest"), await CreateAsync("forged"));
        await deployment.ExecuteAsync($"INSERT INTO {forged}.audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), 'member.removed', 'system')");
        var head = await HeadAsync(forged);
        Assert.StartsWith("2:", head, StringComparison.Ordinal);
        await RequireAsync($"audit verify forged --expect {head}", 0, $"forged: proven; head {head}.");
        await RequireAsync("audit verify --all", 0, "forged: proven; ", "honest: proven; ", ", 0 are not.");

        var line = await deployment.ScalarAsync($"UPDATE {forged}.audit_log SET action = 'member.suspended', occurred_at = '2026-01-02 03:04:05Z' WHERE action = 'member.removed' RETURNING id::text");
        await RequireAsync("audit verify forged", 1, $"forged: line {line} (2026-01-02 03:04:05Z, member.suspended) is not what was sealed as 0/2", $"NOT PROVEN; head {head}.");
        await deployment.ExecuteAsync($"REVOKE SELECT ON {honest}.audit_seals FROM {honest}");
        var all = await deployment.RunAsync("audit verify --all");
        Assert.Equal(1, all.ExitCode);
        Assert.Contains(line, all.Output, StringComparison.Ordinal);
        Assert.Contains(", 2 are not.", all.Output, StringComparison.Ordinal);
        Assert.Contains("honest: cannot be read: 42501", all.Error, StringComparison.Ordinal);
        await deployment.ExecuteAsync($"GRANT SELECT ON {honest}.audit_seals TO {honest}");

        // A log whose end is gone is a chain without a fault: the head that was kept tells.
        await deployment.ExecuteAsync($"DELETE FROM {forged}.audit_log WHERE id = '{line}'; DELETE FROM {forged}.audit_seals WHERE sequence = 2");
        await RequireAsync("audit verify forged", 0, "forged: proven; head 1:");
        await RequireAsync($"audit verify forged --expect {head}", 1, "does not contain the expected head");
        await RequireAsync($"audit verify honest --expect {await HeadAsync(honest)}", 0, "honest: proven");
    }

    [Fact] // SEC-48
    public async Task The_platforms_own_log_is_proven_too()
    {
        await RequireAsync("audit verify --platform", 0, "platform: proven; ");
        await deployment.ExecuteAsync("BEGIN; ALTER TABLE platform.audit_log DISABLE TRIGGER seal_audit_entry; INSERT INTO platform.audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), 'organization.forged', 'super_admin'); ALTER TABLE platform.audit_log ENABLE TRIGGER seal_audit_entry; COMMIT");
        await RequireAsync("audit verify --platform", 1, "organization.forged) was never sealed", "platform: NOT PROVEN; ");
        await deployment.ExecuteAsync("DELETE FROM platform.audit_log WHERE action = 'organization.forged'");

        // Whoever forges a line does not write the report on it.
        await deployment.ExecuteAsync("BEGIN; ALTER TABLE platform.audit_log DISABLE TRIGGER seal_audit_entry; INSERT INTO platform.audit_log (id, occurred_at, action, actor_kind) VALUES (gen_random_uuid(), now(), E'hid\u001b[8m\nplatform: proven\u202e', 'super_admin'); ALTER TABLE platform.audit_log ENABLE TRIGGER seal_audit_entry; COMMIT");
        await RequireAsync("audit verify --platform", 1, @"hid\u{1b}[8m\u{a}platform: proven\u{202e}) was never sealed", "platform: NOT PROVEN; ");
        await deployment.ExecuteAsync("DELETE FROM platform.audit_log WHERE action LIKE 'hid%'");
    }

    [Theory] // SEC-48
    [InlineData("audit verify")]
    [InlineData("audit verify nobody-at-all")]
    [InlineData("audit verify acme --all")]
    [InlineData("audit verify --all --platform")]
    [InlineData("audit verify --platform --expect 12")]
    [InlineData("audit verify --all --expect 1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task What_makes_no_sense_is_refused(string command)
    {
        var result = await deployment.RunAsync(command);

        Assert.Equal(1, result.ExitCode);
        Assert.NotEmpty(result.Error.Trim());
    }

    private async Task<string> CreateAsync(string identifier)
    {
        Assert.Equal(0, (await deployment.RunAsync(string.Create(CultureInfo.InvariantCulture, $"organizations create {identifier} --admin-email admin@{identifier}.test"))).ExitCode);
        return await deployment.ScalarAsync($"SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = '{identifier}'");
    }

    private Task<string> HeadAsync(string schema) => deployment.ScalarAsync($"SELECT sequence || ':' || encode(sha256(hash), 'hex') FROM {schema}.audit_seals ORDER BY sequence DESC LIMIT 1");

    private async Task RequireAsync(string command, int exitCode, params string[] says)
    {
        var result = await deployment.RunAsync(command);
        Assert.Equal((command, exitCode, ""), (command, result.ExitCode, result.Error.Trim()));
        Assert.All(says, text => Assert.Contains(text, result.Output, StringComparison.Ordinal));
    }
}
