using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Invitations;

/// <summary>Invitation and registration for one address: whichever comes first closes the other (ONB-10).</summary>
public sealed class InvitationAndRegistrationTests(ApiFixture fixture)
{
    [Fact] // ONB-10
    public void An_address_that_only_compares_as_equal_is_not_the_invited_one()
    {
        const string Invited = "\u00b5@example.test", Twin = "\u03bc@example.test";
        Assert.Equal(Member.Normalize(Invited), Member.Normalize(Twin));
        var (invitation, _) = Invitation.Send(Invited, Roles.User, by: null, DateTimeOffset.UnixEpoch);
        Assert.False(invitation.IsFor(Twin));
        Assert.True(invitation.IsFor(Invited));
        Assert.True(Invitation.Send("Ada@example.test", Roles.User, by: null, DateTimeOffset.UnixEpoch).Invitation.IsFor("ada@EXAMPLE.test"));

        // Whoever follows the link gets the invited address, however an open registration spelled it.
        var (member, _) = Member.Register("ada", Twin, "Ada", DateTimeOffset.UnixEpoch);
        Assert.NotNull(member.Join(invitation, "ada", "Ada", "hash", DateTimeOffset.UnixEpoch));
        Assert.Equal(Invited, member.Email);
    }

    [Fact] // ONB-10
    public async Task Accepting_turns_an_unproven_registration_into_the_membership()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var email = organization.EmailOf("ada");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("somebody", email))).Code;
        var id = Assert.Single(await organization.QueryAsync<Guid>($"SELECT id FROM members WHERE email = '{email}'"));
        await (await organization.AcceptAsync(await organization.InviteAsync(admin, email), "ada")).OkAsync(HttpStatusCode.NoContent);

        Assert.Equal([$"{id} ada active user {organization.AdminId}"], await organization.QueryAsync<string>($"SELECT concat_ws(' ', id, user_name, status, role, decided_by) FROM members WHERE email = '{email}'"));
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code)).CodeAsync(HttpStatusCode.BadRequest));
        await organization.SignInAsync("ada");
    }

    [Fact] // ONB-10
    public async Task Accepting_takes_a_waiting_person_out_of_the_queue()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var id = await organization.AddPendingAsync("ada");
        await (await organization.AcceptAsync(await organization.InviteAsync(admin, organization.EmailOf("ada")), "countess")).OkAsync(HttpStatusCode.NoContent);

        Assert.Empty((await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal("member.already_decided", await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal([$"{id} countess active"], await organization.QueryAsync<string>($"SELECT concat_ws(' ', id, user_name, status) FROM members WHERE email = '{organization.EmailOf("ada")}'"));

        // The name of the registration is free again.
        await (await organization.AcceptAsync(await organization.InviteAsync(admin, organization.EmailOf("other")), "ada")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // ONB-10
    public async Task Approving_the_registration_closes_the_invitation()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var id = await organization.AddPendingAsync("ada");
        var link = await organization.InviteAsync(admin, organization.EmailOf("ada"));
        await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).OkAsync();

        Assert.Equal("link.invalid", await (await organization.AcceptAsync(link, "ada")).CodeAsync(HttpStatusCode.NotFound));
        await organization.SettledAsync();
        Assert.Equal("revoked", Assert.Single(await Paged.AllAsync(admin, "/invitations", 5)).GetProperty("status").GetString());
        Assert.Equal(["system came in by registering"], await organization.QueryAsync<string>("SELECT concat_ws(' ', actor_kind, note) FROM audit_log WHERE action = 'invitation.revoked'"));
    }

    [Fact] // ONB-10
    public async Task An_invited_person_who_registers_instead_is_let_in_once_the_address_is_proven()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        var email = organization.EmailOf("ada");
        var link = await organization.InviteAsync(admin, email, "reader");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code.Other())).CodeAsync(HttpStatusCode.BadRequest));

        var mail = await organization.MailOfAsync(email, async () =>
        {
            var verified = await organization.VerifyAsync(email, code);
            Assert.Equal("approved", (await verified.OkAsync()).GetProperty("status").GetString());
            return verified;
        });
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(link, "ada")).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.SetPasswordAsync(mail.Token())).OkAsync(HttpStatusCode.NoContent);
        using var ada = await organization.SignInAsync("ada");
        await (await ada.GetAsync("/members")).OkAsync();
        var id = Assert.Single(await organization.QueryAsync<Guid>($"SELECT id FROM members WHERE email = '{email}' AND role = 'reader' AND decided_by = '{organization.AdminId}'"));
        var invitation = Assert.Single(await Paged.AllAsync(admin, "/invitations?status=accepted", 5));
        Assert.Equal(id, invitation.GetProperty("member_id").GetGuid());
        Assert.Equal(["member.verified", "member.approved invited"], await organization.QueryAsync<string>($"SELECT concat_ws(' ', action, note) FROM audit_log WHERE subject_id = '{id}' AND action IN ('member.verified', 'member.approved') ORDER BY action DESC"));
    }

    [Fact] // ONB-8, ONB-10
    public async Task Who_was_invited_by_somebody_who_may_no_longer_waits_like_everybody()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var grace = await organization.AddActiveAsync("grace", Roles.Admin);
        using (var second = await organization.SignInAsync("grace"))
        {
            await organization.InviteAsync(second, organization.EmailOf("ada"), "admin");
        }

        await (await admin.PutAsJsonAsync($"/members/{grace}/role", new { role = "user" })).OkAsync();
        var code = (await organization.MailOfAsync(organization.EmailOf("ada"), () => organization.RegisterAsync("ada"))).Code;
        Assert.Equal("pending_approval", (await (await organization.VerifyAsync(organization.EmailOf("ada"), code)).OkAsync()).GetProperty("status").GetString());
    }

    [Fact] // ONB-4, ONB-10
    public async Task Who_was_rejected_comes_in_by_an_invitation_and_who_was_blocked_does_not()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var rejected = await organization.AddPendingAsync("ada");
        await (await admin.PostAsJsonAsync($"/members/{rejected}/reject", new { reason = "Not yet" })).OkAsync();
        await (await organization.AcceptAsync(await organization.InviteAsync(admin, organization.EmailOf("ada")), "ada")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(["active", "rejected"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE email = '{organization.EmailOf("ada")}' ORDER BY status"));

        var blocked = await organization.AddPendingAsync("eve");
        var link = await organization.InviteAsync(admin, organization.EmailOf("eve"));
        await (await admin.PostAsJsonAsync($"/members/{blocked}/reject", new { reason = "Spam", block = true })).OkAsync();
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(link, "eve")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("member.blocked", await (await admin.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("eve") })).CodeAsync(HttpStatusCode.Conflict));
        var id = Assert.Single(await organization.QueryAsync<Guid>($"SELECT id FROM invitations WHERE email = '{organization.EmailOf("eve")}'"));
        Assert.Equal("member.blocked", await (await admin.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.Conflict));
    }
}
