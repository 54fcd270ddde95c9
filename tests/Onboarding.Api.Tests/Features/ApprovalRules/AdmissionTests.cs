using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApprovalRules;

/// <summary>What rules and invitations make of somebody who proves an address (ONB-9, ONB-10).</summary>
public sealed class AdmissionTests(ApiFixture fixture)
{
    [Fact] // ONB-9, SEC-48
    public async Task A_rule_approves_and_the_audit_log_says_which()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        await RuleAsync(admin, $"{organization.Identifier}.example", "approve", "reader");
        var email = $"Ada@{organization.Identifier.ToUpperInvariant()}.Example";
        await SaysAsync(admin, email, "approve", "reader", rule: true);

        Assert.Equal("approved", await organization.ProveAsync("ada", email));
        var mail = await fixture.Smtp.WaitForAsync($"Ada@{organization.Identifier}.example", mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        await (await organization.SetPasswordAsync(mail.Token())).OkAsync(HttpStatusCode.NoContent);
        using var ada = await organization.SignInAsync("ada");
        await (await ada.GetAsync("/members")).OkAsync();
        Assert.Equal(
            [$"system rule for {organization.Identifier}.example"],
            await organization.QueryAsync<string>("SELECT concat_ws(' ', actor_kind, actor_id, note) FROM audit_log WHERE action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("members WHERE user_name = 'ada' AND decided_at IS NOT NULL AND decided_by IS NULL"));
    }

    [Fact] // ONB-9, SEC-12
    public async Task A_rule_refuses_and_the_answer_is_that_of_everybody_who_waits()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var domain = $"{organization.Identifier}.example";
        await RuleAsync(admin, domain, "refuse");
        await SaysAsync(admin, $"eve@{domain}", "refuse", null, rule: true);

        Assert.Equal("pending_approval", await organization.ProveAsync("eve", $"eve@{domain}"));
        var mail = await fixture.Smtp.WaitForAsync($"eve@{domain}", mail => mail.Subject.Contains("not approved", StringComparison.Ordinal));
        Assert.DoesNotContain(domain, mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("dministrator", mail.Text, StringComparison.Ordinal);
        Assert.Empty((await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal([$"system rule for {domain}"], await organization.QueryAsync<string>("SELECT concat_ws(' ', actor_kind, note) FROM audit_log WHERE action = 'member.rejected'"));

        // Like anybody who was turned down: the cool-down holds (ONB-4).
        (await organization.RegisterAsync("eve", $"eve@{domain}")).EnsureSuccessStatusCode();
        Assert.Equal(["rejected"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE email = 'eve@{domain}'"));
    }

    [Fact] // ONB-9
    public async Task A_rule_means_its_very_domain_and_nothing_else()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var domain = $"{organization.Identifier}.example";
        await RuleAsync(admin, domain, "approve");
        await RuleAsync(admin, $"queue.{domain}", "queue");
        await RuleAsync(admin, $"bücher-{domain}", "approve");
        var people = 0;
        foreach (var (email, action) in new[]
        {
            ($"a@sub.{domain}", "queue"), ($"a@queue.{domain}", "queue"), ($"a@{domain}.example", "queue"), ($"a@not{domain}", "queue"),
            ($"{domain}@elsewhere.example", "queue"), ($"a@bücher-{domain}", "approve"), ($"b@{EmailDomain.Parse($"bücher-{domain}")}", "approve"),
        })
        {
            await SaysAsync(admin, email, action, action == "approve" ? "user" : null, rule: action == "approve" || email.Contains("@queue.", StringComparison.Ordinal));
            Assert.Equal((email, action == "approve" ? "approved" : "pending_approval"), (email, await organization.ProveAsync($"person{people++}", email)));
        }
    }

    [Fact] // ONB-9
    public async Task A_role_that_came_to_allow_everything_is_no_longer_given_by_a_rule()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("helper", Permissions.ReadMembers);
        var domain = $"{organization.Identifier}.example";
        await RuleAsync(admin, domain, "approve", "helper");
        await (await admin.PatchAsJsonAsync("/roles/helper", new { permissions = Permissions.All })).OkAsync();

        await SaysAsync(admin, $"ada@{domain}", "queue", null, rule: true);
        Assert.Equal("pending_approval", await organization.ProveAsync("ada", $"ada@{domain}"));
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = 'ada@{domain}' AND role IS NULL"));
    }

    [Fact] // ONB-9, ONB-10
    public async Task An_invitation_goes_before_every_rule()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var domain = $"{organization.Identifier}.example";
        await RuleAsync(admin, domain, "refuse");
        await organization.InviteAsync(admin, $"ada@{domain}", "admin");
        var said = await (await admin.PostAsJsonAsync("/approval-rules/simulate", new { email = $"ADA@{domain}" })).OkAsync();
        Assert.Equal(("approve", "admin", true), (said.GetProperty("action").GetString(), said.GetProperty("role").GetString(), said.GetProperty("invited").GetBoolean()));

        Assert.Equal("approved", await organization.ProveAsync("ada", $"Ada@{domain}"));
        Assert.Equal(["admin"], await organization.QueryAsync<string>("SELECT role FROM members WHERE user_name = 'ada'"));
    }

    // Two spellings that compare as equal and lead to two mailboxes: whoever owns one must not come in by the other's invitation.
    [Fact] // ONB-10
    public async Task An_invitation_is_for_its_very_address_and_not_for_one_that_looks_alike()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (invited, alike) = ($"ada@\u01C6{organization.Identifier}.example", $"ada@\u01C5{organization.Identifier}.example");
        Assert.Equal(Member.Normalize(invited), Member.Normalize(alike));
        Assert.NotEqual(EmailDomain.Of(invited), EmailDomain.Of(alike));
        var mailbox = $"ada@{EmailDomain.Of(invited)}";
        await (await admin.PostAsJsonAsync("/invitations", new { email = invited, role = "admin" })).OkAsync(HttpStatusCode.Created);
        var link = (await fixture.Smtp.WaitForAsync(mailbox)).Token();

        await SaysAsync(admin, alike, "queue", null, rule: false);
        Assert.Equal("pending_approval", await organization.ProveAsync("eve", alike));

        // The invited person takes the registration over, and it is her address that counts from then on.
        await (await organization.AcceptAsync(link, "ada")).OkAsync(HttpStatusCode.NoContent);
        var emails = await organization.RunAsync(db => db.Members.Where(m => m.UserName == "ada" && m.Status == MemberStatus.Active).Select(m => m.Email).ToListAsync());
        Assert.Equal([invited], emails);
        Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'eve'"));
    }

    private static async Task RuleAsync(HttpClient admin, string domain, string action, string? role = null) =>
        await (await admin.PostAsJsonAsync("/approval-rules", role is null ? new { domain, action } : (object)new { domain, action, role })).OkAsync(HttpStatusCode.Created);

    private static async Task SaysAsync(HttpClient admin, string email, string action, string? role, bool rule)
    {
        var said = await (await admin.PostAsJsonAsync("/approval-rules/simulate", new { email })).OkAsync();
        Assert.Equal(
            (email, action, role, false, rule),
            (email, said.GetProperty("action").GetString(), said.GetProperty("role").GetString(), said.GetProperty("invited").GetBoolean(), said.GetProperty("rule").ValueKind == System.Text.Json.JsonValueKind.Object));
    }
}
