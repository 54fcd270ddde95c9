using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

public sealed class RemoveMemberTests(ApiFixture fixture)
{
    [Fact] // ONB-16, SEC-24, SEC-48
    public async Task A_removed_member_is_out_at_once_and_nothing_to_sign_in_with_is_left()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var tokens = await organization.TokensAsync("user");
        var id = organization.UserId;
        await organization.QueryAsync<int>($"""
            INSERT INTO totp (member_id, protected_seed, created_at, confirmed_at, last_step) VALUES ('{id}', '\x00', now(), now(), 0);
            INSERT INTO recovery_codes (id, member_id, hash, created_at) VALUES (gen_random_uuid(), '{id}', '\x00', now());
            INSERT INTO passkeys (credential_id, user_id, data) VALUES ('\x01', '{id}', '{"{}"}');
            INSERT INTO remembered_devices (id, member_id, token_hash, created_at, last_used_at, expires_at) VALUES (gen_random_uuid(), '{id}', '\x00', now(), now(), now() + interval '1 day')
            """);
        var mail = await organization.MailOfAsync(organization.EmailOf("user"), () => admin.DeleteAsync($"/members/{id}"));
        Assert.Contains("no longer a member", mail.Subject, StringComparison.Ordinal);

        Assert.Equal("token.invalid", await (await organization.MeAsync(tokens.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(
            [$"removed {organization.AdminId}"],
            await organization.QueryAsync<string>($"SELECT concat_ws(' ', status, role, password_hash, decided_by) FROM members WHERE id = '{id}' AND NOT two_factor_enabled"));
        Assert.Equal(0, await organization.CountAsync($"(SELECT member_id FROM totp UNION ALL SELECT member_id FROM recovery_codes UNION ALL SELECT user_id FROM passkeys UNION ALL SELECT member_id FROM remembered_devices) AS factors"));
        Assert.Equal([organization.AdminId], await organization.QueryAsync<Guid>($"SELECT actor_id FROM audit_log WHERE action = 'member.removed' AND subject_id = '{id}'"));
        Assert.Equal("member.not_allowed", await (await admin.DeleteAsync($"/members/{id}")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("member.not_allowed", await (await admin.PostAsync($"/members/{id}/reactivate", null)).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact] // ONB-16
    public async Task A_removed_member_returns_through_the_queue_which_tells_the_history()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var before = organization.UserId;
        await (await admin.DeleteAsync($"/members/{before}")).OkAsync(HttpStatusCode.NoContent);
        await organization.SettledAsync();

        // The user name is free again, for this person and for everybody.
        Assert.Equal("pending_approval", await organization.ProveAsync("user", organization.EmailOf("user")));
        var waiting = Assert.Single((await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.NotEqual(before, waiting.GetProperty("id").GetGuid());
        var earlier = Assert.Single(waiting.GetProperty("earlier").EnumerateArray());
        Assert.Equal((before, "removed"), (earlier.GetProperty("id").GetGuid(), earlier.GetProperty("status").GetString()));
        Assert.InRange(earlier.GetProperty("decided_at").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(-10), TimeProvider.System.GetUtcNow());
        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task Who_was_approved_and_removed_before_choosing_a_password_cannot_choose_one()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, link) = await organization.AddApprovedAsync("ada");
        await (await admin.DeleteAsync($"/members/{id}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(link)).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // ONB-15
    public async Task An_admin_can_leave_but_the_last_one_cannot()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal("member.last_admin", await (await admin.DeleteAsync($"/members/{organization.AdminId}")).CodeAsync(HttpStatusCode.Conflict));
        await (await admin.GetAsync("/me")).OkAsync();

        await organization.AddActiveAsync("admin2", Roles.Admin);
        await (await admin.DeleteAsync($"/members/{organization.AdminId}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("token.invalid", await (await admin.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // ONB-15
    public async Task Two_admins_who_remove_each_other_at_once_leave_one()
    {
        var organization = await fixture.OrganizationAsync();
        var other = await organization.AddActiveAsync("admin2", Roles.Admin);
        using var first = await organization.SignInAsync();
        using var second = await organization.SignInAsync("admin2");

        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members WHERE role = 'admin' ORDER BY id FOR UPDATE");
        var racing = new[] { first.DeleteAsync($"/members/{other}"), second.DeleteAsync($"/members/{organization.AdminId}") };
        await rows.WaitForWaitersAsync(2);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        Assert.Equal("member.last_admin", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync("members WHERE status = 'active' AND role = 'admin'"));
    }

    [Fact] // ONB-8, SEC-3, SEC-35
    public async Task Only_who_may_removes_and_only_members_of_the_own_organization()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        foreach (var id in new[] { there.UserId, Ids.New(TimeProvider.System.GetUtcNow()) })
        {
            Assert.Equal("member.not_found", await (await admin.DeleteAsync($"/members/{id}")).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal("member.not_allowed", await (await admin.DeleteAsync($"/members/{await here.AddPendingAsync("waiting")}")).CodeAsync(HttpStatusCode.Conflict));
        using var user = await here.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.DeleteAsync($"/members/{here.UserId}")).CodeAsync(HttpStatusCode.Forbidden));

        await admin.DefineRoleAsync("manager", Permissions.ManageMembers);
        await here.AddActiveAsync("ada", "manager");
        using var manager = await here.SignInAsync("ada");
        Assert.Equal("member.outranks", await (await manager.DeleteAsync($"/members/{here.AdminId}")).CodeAsync(HttpStatusCode.Forbidden));
        await (await manager.DeleteAsync($"/members/{here.UserId}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(2, await there.CountAsync("members WHERE status = 'active'"));
    }

    [Fact]
    public async Task Members_hear_by_mail_what_an_admin_did_to_their_membership()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, email) = (organization.UserId, organization.EmailOf("user"));
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);

        var mail = await organization.MailOfAsync(email, () => admin.PutAsJsonAsync($"/members/{id}/role", new { role = "reader" }));
        Assert.Contains("the role reader", mail.Text, StringComparison.Ordinal);
        mail = await organization.MailOfAsync(email, () => admin.PostAsJsonAsync($"/members/{id}/suspend", new { reason = "Suspected of something" }));
        Assert.Contains("suspended", mail.Subject, StringComparison.Ordinal);

        // The reason is for the audit log.
        Assert.DoesNotContain("Suspected", mail.Text + mail.Html, StringComparison.Ordinal);
        mail = await organization.MailOfAsync(email, () => admin.PostAsync($"/members/{id}/reactivate", null));
        Assert.Contains("active again", mail.Subject, StringComparison.Ordinal);

        // Somebody who has the link to a first password still has only that.
        var (approved, _) = await organization.AddApprovedAsync("ada");
        await (await admin.PutAsJsonAsync($"/members/{approved}/role", new { role = "reader" })).OkAsync();
        await organization.SettledAsync();
        Assert.Empty(fixture.Smtp.For(organization.EmailOf("ada")));
        Assert.Equal(3, fixture.Smtp.For(email).Count);
    }
}
