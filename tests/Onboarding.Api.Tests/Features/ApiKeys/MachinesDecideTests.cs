using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

public sealed class MachinesDecideTests(ApiFixture fixture)
{
    private static readonly string[] PasskeysOnly = ["passkey"];

    [Fact] // ONB-18
    public async Task A_key_with_members_approve_alone_approves_and_rejects_and_the_audit_log_names_it()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (ada, bob, eve, finn) = (await organization.RegisterAndVerifyAsync("ada"), await organization.AddPendingAsync("bob"), await organization.AddPendingAsync("eve"), await organization.AddPendingAsync("finn"));
        var key = await admin.CreateKeyAsync(Permissions.ApproveMembers);
        using var machine = fixture.App.ClientFor(null);
        machine.DefaultRequestHeaders.Add("X-Api-Key", key.Key);

        // The key alone: neither host nor header names the organization.
        await (await machine.PostAsJsonAsync($"/members/{ada}/approve", new { note = "In the staff directory" })).OkAsync();
        await (await machine.PostAsJsonAsync($"/members/{bob}/reject", new { reason = "Unknown" })).OkAsync();
        await (await machine.PatchAsJsonAsync("/admin-dashboard", new { ids = new[] { eve, ada }, action = "approve" })).OkAsync();
        Assert.Equal("member.already_decided", await (await machine.PostAsJsonAsync($"/members/{bob}/approve", new { })).CodeAsync(HttpStatusCode.Conflict));

        Assert.Equal(["approved", "rejected", "approved"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE id IN ('{ada}', '{bob}', '{eve}') AND decided_by IS NULL ORDER BY user_name"));
        Assert.Equal(
            [$"member.approved {ada}", $"member.rejected {bob}", $"member.approved {eve}"],
            await organization.QueryAsync<string>($"SELECT action || ' ' || subject_id FROM audit_log WHERE actor_kind = 'api_key' AND actor_id = '{key.Id}' ORDER BY id"));

        // What the queue does for whoever an admin approves, it does here: the person gets the link and comes in.
        var link = (await fixture.Smtp.WaitForAsync(organization.EmailOf("ada"), mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal))).Token();
        await (await organization.SetPasswordAsync(link)).OkAsync(HttpStatusCode.NoContent);
        await organization.TokensAsync("ada");

        // No more than that: not another role than one that may nothing, and nothing else.
        Assert.Equal("role.not_grantable", await (await machine.PostAsJsonAsync($"/members/{finn}/approve", new { role = Roles.Admin })).CodeAsync(HttpStatusCode.Forbidden));
        foreach (var call in new[] { machine.GetAsync("/members"), machine.GetAsync("/audit-log"), machine.PostAsJsonAsync($"/members/{ada}/suspend", new { }), machine.PostAsJsonAsync("/invitations", new { email = "x@example.com" }) })
        {
            Assert.Equal("permission.denied", await (await call).CodeAsync(HttpStatusCode.Forbidden));
        }
    }

    [Fact] // ONB-18
    public async Task A_members_key_decides_in_the_members_name_and_the_audit_log_still_names_the_key()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var bob = await organization.AddPendingAsync("bob");
        var key = await admin.CreateOwnKeyAsync(Permissions.ApproveMembers, Permissions.ManageMembers, Permissions.InviteMembers, Permissions.ManageOrganization);
        using var machine = organization.WithKey(key);

        await (await machine.PostAsJsonAsync($"/members/{bob}/approve", new { })).OkAsync();
        Assert.Equal([organization.AdminId], await organization.QueryAsync<Guid>($"SELECT decided_by FROM members WHERE id = '{bob}'"));
        Assert.Equal(["api_key"], await organization.QueryAsync<string>($"SELECT actor_kind FROM audit_log WHERE subject_id = '{bob}' AND actor_id = '{key.Id}'"));
        await (await machine.PostAsJsonAsync("/invitations", new { email = "marie@example.com" })).OkAsync(HttpStatusCode.Created);
        Assert.Equal([organization.AdminId], await organization.QueryAsync<Guid>("SELECT invited_by FROM invitations"));

        // What nobody does to themselves, their key does not do to them either.
        Assert.Equal("member.self", await (await machine.PostAsync($"/members/{organization.AdminId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("sign_in_method.needed", await (await machine.PatchAsJsonAsync("/organization", new { security = new { sign_in_methods = PasskeysOnly } })).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task The_organizations_own_key_acts_for_nobody()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var machine = organization.WithKey(await admin.CreateKeyAsync([.. Permissions.OfKeys]));

        await (await machine.PostAsJsonAsync("/invitations", new { email = "marie@example.com" })).OkAsync(HttpStatusCode.Created);
        Assert.Equal(1, await organization.CountAsync("invitations WHERE invited_by IS NULL"));
        await (await machine.DeleteAsync($"/members/{organization.UserId}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(1, await organization.CountAsync($"members WHERE id = '{organization.UserId}' AND status = 'removed' AND decided_by IS NULL"));

        // An admin may manage keys, and no key may: it makes none, and none is its to shut out.
        Assert.Equal("role.not_grantable", await (await machine.PostAsJsonAsync("/invitations", new { email = "pierre@example.com", role = Roles.Admin })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("member.outranks", await (await machine.DeleteAsync($"/members/{organization.AdminId}")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("sign_in_method.needed", await (await machine.PatchAsJsonAsync("/organization", new { security = new { sign_in_methods = PasskeysOnly } })).CodeAsync(HttpStatusCode.Conflict));
    }
}
