using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>The platform's own audit log is held like an organization's (SEC-48).</summary>
public sealed class PlatformAuditTests(IsolationFixture fixture)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact] // SEC-48
    public async Task A_line_commits_with_its_seal_and_the_chain_is_proven()
    {
        var (organization, admin, subject) = (Ids.New(Now), Ids.New(Now), Ids.New(Now));
        await using (var db = await fixture.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            PlatformAudit.Add(db, "organization.suspended", new Actor(ActorKind.SuperAdmin, admin, "203.0.113.7", "trace"), organization, subject, "Unpaid \"bills\"", Now);
            PlatformAudit.Add(db, "organization.reactivated", Actor.System, organization, null, null, Now);
            await db.SaveChangesAsync();
        }

        Assert.Equal(
            [$"super_admin {admin} {organization} {subject} Unpaid \"bills\" 203.0.113.7 trace"],
            await fixture.OwnerAsync<string>($"SELECT concat_ws(' ', actor_kind, actor_id, organization_id, subject_id, note, ip_address, request_id) FROM platform.audit_log WHERE organization_id = '{organization}' AND action = 'organization.suspended'"));
        Assert.Equal([2L], await fixture.OwnerAsync<long>($"SELECT count(*) FROM platform.audit_log l JOIN platform.audit_seals s ON s.entry_id = l.id WHERE organization_id = '{organization}'"));
        var report = await fixture.Services.GetRequiredService<AuditChain>().VerifyPlatformAsync(null, CancellationToken.None);
        Assert.True(report.IsProven, string.Join('\n', report.Findings));
        Assert.True(report.Head!.Count >= 2);
    }

    [Theory] // SEC-48
    [InlineData("UPDATE platform.audit_log SET note = 'nothing happened'")]
    [InlineData("DELETE FROM platform.audit_log")]
    [InlineData("TRUNCATE platform.audit_log")]
    [InlineData("INSERT INTO platform.audit_seals VALUES (0, 1000000, gen_random_uuid(), '')")]
    [InlineData("UPDATE platform.audit_seals SET hash = ''")]
    [InlineData("DELETE FROM platform.audit_seals")]
    [InlineData("TRUNCATE platform.audit_seals")]
    [InlineData("ALTER TABLE platform.audit_log DISABLE TRIGGER seal_audit_entry")]
    [InlineData("DROP TRIGGER seal_audit_entry ON platform.audit_log")]
    [InlineData("CREATE OR REPLACE FUNCTION platform.seal_audit_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")]
    [InlineData("SET LOCAL session_replication_role = replica")]
    public async Task The_applications_login_writes_lines_and_rewrites_nothing(string statement) =>
        Assert.Equal("42501", await fixture.SqlStateAsync(null, statement));
}
