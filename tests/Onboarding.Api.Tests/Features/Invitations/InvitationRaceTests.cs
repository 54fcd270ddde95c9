using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Invitations;

public sealed class InvitationRaceTests(ApiFixture fixture)
{
    [Fact] // ONB-10, SEC-15
    public async Task Accepted_twice_at_once_an_invitation_gives_one_member()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var link = await organization.InviteAsync(admin, organization.EmailOf("ada"));

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM invitations FOR UPDATE");
        var racing = Enumerable.Range(0, 4).Select(i => organization.AcceptAsync(link, $"ada{i}")).ToList();
        await row.WaitForWaitersAsync(4);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        Assert.Equal(3, answers.Count(HttpStatusCode.NotFound));
        Assert.Equal(1, await organization.CountAsync("members WHERE user_name LIKE 'ada%'"));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'invitation.accepted'"));
    }

    [Fact]
    public async Task Accepting_and_taking_back_at_once_one_of_them_happens()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var link = await organization.InviteAsync(admin, organization.EmailOf("ada"));
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM invitations FOR UPDATE");
        var (accepting, revoking) = (organization.AcceptAsync(link, "ada"), admin.DeleteAsync($"/invitations/{id}"));
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        if ((await accepting).IsSuccessStatusCode)
        {
            Assert.Equal("invitation.closed", await (await revoking).CodeAsync(HttpStatusCode.Conflict));
            await organization.SignInAsync("ada");
        }
        else
        {
            Assert.Equal("link.invalid", await (await accepting).CodeAsync(HttpStatusCode.NotFound));
            await (await revoking).OkAsync(HttpStatusCode.NoContent);
            Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'ada'"));
        }
    }

    [Fact]
    public async Task Invited_by_two_at_once_a_person_has_one_invitation()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddActiveAsync("admin2", Roles.Admin);
        using var first = await organization.SignInAsync();
        using var second = await organization.SignInAsync("admin2");
        var email = organization.EmailOf("ada");

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var racing = new[] { first, second }.Select(admin => admin.PostAsJsonAsync("/invitations", new { email })).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        Assert.Equal(2, (await Task.WhenAll(racing)).Count(HttpStatusCode.Created));

        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync("invitations"));
        Assert.Equal(2, await organization.CountAsync("audit_log WHERE action = 'invitation.sent'"));

        // However many mails went out, exactly one link is good: that of the last.
        var accepted = 0;
        foreach (var mail in fixture.Smtp.For(email))
        {
            accepted += (await organization.AcceptAsync(mail.Token(), "ada")).IsSuccessStatusCode ? 1 : 0;
        }

        Assert.Equal(1, accepted);
    }

    [Fact] // ONB-5
    public async Task Of_two_who_want_one_user_name_at_once_one_gets_it_and_the_other_chooses_again()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var links = new[] { await organization.InviteAsync(admin, organization.EmailOf("ada")), await organization.InviteAsync(admin, organization.EmailOf("grace")) };

        // Both have passed every check; the index alone decides.
        await using var row = await RowLock.HoldAsync(organization, "LOCK TABLE members IN SHARE MODE");
        var racing = links.Select(link => organization.AcceptAsync(link, "captain")).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        var lost = Array.FindIndex(answers, answer => !answer.IsSuccessStatusCode);
        Assert.Equal("username.taken", await answers[lost].CodeAsync(HttpStatusCode.Conflict));
        await (await organization.AcceptAsync(links[lost], "lieutenant")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(2, await organization.CountAsync("members WHERE user_name IN ('captain', 'lieutenant')"));
    }

    [Fact] // ONB-10
    public async Task Accepting_while_an_admin_approves_the_registration_makes_one_member_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var id = await organization.AddPendingAsync("ada");
        var link = await organization.InviteAsync(admin, organization.EmailOf("ada"));

        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{id}' FOR UPDATE");
        var (accepting, approving) = (organization.AcceptAsync(link, "ada"), admin.PostAsJsonAsync($"/members/{id}/approve", new { }));
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        if ((await accepting).IsSuccessStatusCode)
        {
            Assert.Equal("member.already_decided", await (await approving).CodeAsync(HttpStatusCode.Conflict));
        }
        else
        {
            await (await approving).OkAsync();

            // Who came in by the approval needs the link no more; or has changed at the same moment. Seats are given one after the other.
            Assert.Contains(await (await accepting).CodeAsync((await accepting).StatusCode), (string[])["link.invalid", "member.changed"]);
            await organization.SettledAsync();
            Assert.Equal("link.invalid", await (await organization.AcceptAsync(link, "ada")).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal([id], await organization.QueryAsync<Guid>($"SELECT id FROM members WHERE email = '{organization.EmailOf("ada")}'"));
        await organization.SettledAsync();
        Assert.Equal(0, await organization.CountAsync("invitations WHERE accepted_at IS NULL AND revoked_at IS NULL"));
    }

    [Fact] // ONB-10
    public async Task Accepting_while_the_same_address_registers_makes_one_member()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var email = organization.EmailOf("ada");
        var link = await organization.InviteAsync(admin, email);

        await using var row = await RowLock.HoldAsync(organization, "LOCK TABLE members IN SHARE MODE");
        var (accepting, registering) = (organization.AcceptAsync(link, "ada"), organization.RegisterAsync("ada"));
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        Assert.Equal(HttpStatusCode.Accepted, (await registering).StatusCode);
        if (!(await accepting).IsSuccessStatusCode)
        {
            Assert.Equal("member.changed", await (await accepting).CodeAsync(HttpStatusCode.Conflict));
            await (await organization.AcceptAsync(link, "ada")).OkAsync(HttpStatusCode.NoContent);
        }

        Assert.Equal(["active"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE email = '{email}'"));
    }

    [Fact]
    public async Task A_role_that_is_deleted_while_somebody_is_invited_with_it_is_either_kept_or_not_given()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var (deleting, inviting) = (admin.DeleteAsync("/roles/reader"), admin.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("ada"), role = "reader" }));
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        if ((await deleting).StatusCode == HttpStatusCode.NoContent)
        {
            Assert.Equal("role.unknown", await (await inviting).CodeAsync(HttpStatusCode.BadRequest));
        }
        else
        {
            Assert.Equal("role.in_use", await (await deleting).CodeAsync(HttpStatusCode.Conflict));
            await (await inviting).OkAsync(HttpStatusCode.Created);

            // Taken back, it holds the role no longer.
            var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
            await (await admin.DeleteAsync($"/invitations/{id}")).OkAsync(HttpStatusCode.NoContent);
            await (await admin.DeleteAsync("/roles/reader")).OkAsync(HttpStatusCode.NoContent);
        }

        Assert.Equal(0, await organization.CountAsync("invitations WHERE revoked_at IS NULL AND role NOT IN (SELECT name FROM roles)"));
    }
}
