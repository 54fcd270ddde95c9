using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Invitations;

public sealed class InvitationTests(ApiFixture fixture)
{
    [Fact] // SEC-15, SEC-48
    public async Task An_invited_person_comes_in_at_once_and_skips_the_queue()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        var email = organization.EmailOf("ada");
        JsonElement sent = default;
        var mail = await organization.MailOfAsync(email, async () =>
        {
            var answer = await admin.PostAsJsonAsync("/invitations", new { email, role = "reader" });
            sent = (await answer.OkAsync(HttpStatusCode.Created)).GetProperty("results")[0];
            return answer;
        });
        Assert.Equal((email, false), (sent.GetProperty("email").GetString(), sent.TryGetProperty("code", out _)));
        Assert.Equal($"http://{organization.Identifier}.localhost", mail.Link.GetLeftPart(UriPartial.Authority));
        Assert.StartsWith("/invitations/accept/iv_", mail.Link.AbsolutePath, StringComparison.Ordinal);
        Assert.Contains($"Full admin has invited you to become a member of {organization.Organization.Name}", mail.Text, StringComparison.Ordinal);

        await (await organization.AcceptAsync(mail.Token(), "ada")).OkAsync(HttpStatusCode.NoContent);
        using var ada = await organization.SignInAsync("ada");
        var me = await (await ada.GetAsync("/me")).OkAsync();
        Assert.Equal(("ada", email, "Full ada", "active", "reader"), (me.GetProperty("username").GetString(), me.GetProperty("email").GetString(), me.GetProperty("full_name").GetString(), me.GetProperty("status").GetString(), me.GetProperty("role").GetString()));
        await (await ada.GetAsync("/members")).OkAsync();
        Assert.Empty((await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray());

        var listed = Assert.Single(await Paged.AllAsync(admin, "/invitations", 10));
        Assert.Equal(
            (sent.GetProperty("id").GetGuid(), email, "reader", "accepted", "admin", "sent"),
            (listed.GetProperty("id").GetGuid(), listed.GetProperty("email").GetString(), listed.GetProperty("role").GetString(), listed.GetProperty("status").GetString(), listed.GetProperty("invited_by").GetString(), listed.GetProperty("mail").GetString()));
        Assert.Equal(me.GetProperty("id").GetGuid(), listed.GetProperty("member_id").GetGuid());
        Assert.Equal(TimeSpan.FromDays(7), listed.GetProperty("expires_at").GetDateTimeOffset() - listed.GetProperty("sent_at").GetDateTimeOffset());

        Assert.Equal(
            [$"invitation.accepted anonymous {listed.GetProperty("id")} reader", $"invitation.sent member {listed.GetProperty("id")} reader", $"member.activated anonymous {me.GetProperty("id")} "],
            await organization.QueryAsync<string>("SELECT concat_ws(' ', action, actor_kind, subject_id, coalesce(note, '')) FROM audit_log WHERE action LIKE 'invitation.%' OR action = 'member.activated' ORDER BY action"));

        // The token is in the mail and nowhere else, and works once.
        var text = string.Join('\n', await organization.QueryAsync<string>("SELECT x::text FROM invitations x UNION ALL SELECT x::text FROM outbox x UNION ALL SELECT x::text FROM audit_log x UNION ALL SELECT x::text FROM emails x"));
        Assert.DoesNotContain(mail.Token()[3..], text, StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.App.Logs.Lines, line => line.Contains(mail.Token()[3..], StringComparison.Ordinal) && !line.Contains("/invitations/accept/", StringComparison.Ordinal));
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(mail.Token(), "grace")).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Up_to_a_hundred_are_invited_at_once_and_each_is_decided_alone()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await organization.AddPendingAsync("waiting");
        var (approved, _) = await organization.AddApprovedAsync("approved");
        var suspended = await organization.AddActiveAsync("suspended", Roles.User);
        await (await admin.PostAsJsonAsync($"/members/{suspended}/suspend", new { })).OkAsync();
        var blocked = await organization.AddPendingAsync("blocked");
        await (await admin.PostAsJsonAsync($"/members/{blocked}/reject", new { reason = "Spam", block = true })).OkAsync();
        var rejected = await organization.AddPendingAsync("rejected");
        await (await admin.PostAsJsonAsync($"/members/{rejected}/reject", new { reason = "Not yet" })).OkAsync();

        string[] names = ["user", "waiting", "approved", "suspended", "blocked", "rejected", "new"];
        var wanted = names.Select(name => new { email = organization.EmailOf(name).ToUpperInvariant(), role = name == "new" ? "nobody" : "user" })
            .Concat(Enumerable.Range(0, 93).Select(i => new { email = organization.EmailOf($"person{i}"), role = "admin" }));
        var results = (await (await admin.PostAsJsonAsync("/invitations", new { invitations = wanted })).OkAsync()).GetProperty("results").EnumerateArray().ToList();

        Assert.Equal(100, results.Count);
        Assert.Equal(
            ["member.exists", null, "member.exists", "member.exists", "member.blocked", null, "role.unknown"],
            results.Take(7).Select(r => r.TryGetProperty("code", out var code) ? code.GetString() : null));
        Assert.All(results, r => Assert.Equal(r.TryGetProperty("code", out _), r.GetProperty("id").ValueKind == JsonValueKind.Null));
        Assert.All(results.Skip(7), (r, i) => Assert.Equal(organization.EmailOf($"person{i}"), r.GetProperty("email").GetString()));
        Assert.Equal(95, await organization.CountAsync("invitations WHERE accepted_at IS NULL AND revoked_at IS NULL"));
        Assert.Equal(95, await organization.CountAsync("audit_log WHERE action = 'invitation.sent'"));
        var listed = await Paged.AllAsync(admin, "/invitations?status=open", 40);
        Assert.Equal(results.Where(r => !r.TryGetProperty("code", out _)).Select(r => r.GetProperty("id").GetGuid()).Order(), listed.Select(i => i.GetProperty("id").GetGuid()).Order());
        Assert.NotEqual(Guid.Empty, approved);
    }

    [Fact] // SEC-15
    public async Task Whoever_is_invited_again_has_one_invitation_and_the_newest_link_alone_is_good()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddActiveAsync("admin2", Roles.Admin);
        using var admin = await organization.SignInAsync();
        using var second = await organization.SignInAsync("admin2");
        var email = organization.EmailOf("ada");
        var first = await organization.InviteAsync(admin, email);
        var again = await organization.InviteAsync(second, email.ToUpperInvariant(), "admin");
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
        var resent = (await organization.MailOfAsync(email, () => admin.PostAsync($"/invitations/{id}/resend", null))).Token();

        foreach (var dead in new[] { first, again })
        {
            Assert.Equal("link.invalid", await (await organization.AcceptAsync(dead, "ada")).CodeAsync(HttpStatusCode.NotFound));
        }

        await (await organization.AcceptAsync(resent, "ada")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(["admin"], await organization.QueryAsync<string>("SELECT role FROM members WHERE user_name = 'ada'"));
        Assert.Equal("member.exists", await (await admin.PostAsJsonAsync("/invitations", new { email })).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("invitation.closed", await (await admin.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("invitation.closed", await (await admin.DeleteAsync($"/invitations/{id}")).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task What_was_taken_back_is_dead_and_the_person_can_be_invited_anew()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var email = organization.EmailOf("ada");
        var first = await organization.InviteAsync(admin, email);
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
        await (await admin.DeleteAsync($"/invitations/{id}")).OkAsync(HttpStatusCode.NoContent);

        Assert.Equal("link.invalid", await (await organization.AcceptAsync(first, "ada")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("invitation.closed", await (await admin.DeleteAsync($"/invitations/{id}")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("invitation.closed", await (await admin.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.Conflict));
        var second = await organization.InviteAsync(admin, email);
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(first, "ada")).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.AcceptAsync(second, "ada")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(
            ["accepted", "revoked"],
            (await Paged.AllAsync(admin, "/invitations", 1)).Select(i => i.GetProperty("status").GetString()));
        Assert.Equal(id, Assert.Single(await Paged.AllAsync(admin, "/invitations?status=revoked", 1)).GetProperty("id").GetGuid());
        Assert.Empty(await Paged.AllAsync(admin, "/invitations?status=open", 1));
    }

    [Fact] // ONB-8
    public async Task Nobody_invites_with_a_role_above_the_own_or_touches_an_invitation_with_one()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("recruiter", Permissions.InviteMembers);
        await organization.AddActiveAsync("grace", "recruiter");
        using var recruiter = await organization.SignInAsync("grace");

        Assert.Equal("role.not_grantable", await (await recruiter.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("eve"), role = "admin" })).CodeAsync(HttpStatusCode.Forbidden));
        foreach (var role in new[] { "nobody", "super_admin", "" })
        {
            Assert.Equal("role.unknown", await (await admin.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("eve"), role })).CodeAsync(HttpStatusCode.BadRequest));
        }

        var link = await organization.InviteAsync(admin, organization.EmailOf("ada"), "admin");
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
        Assert.Equal("role.not_grantable", await (await recruiter.PostAsJsonAsync("/invitations", new { email = organization.EmailOf("ada") })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role.not_grantable", await (await recruiter.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role.not_grantable", await (await recruiter.DeleteAsync($"/invitations/{id}")).CodeAsync(HttpStatusCode.Forbidden));
        await (await organization.AcceptAsync(link, "ada")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(["admin"], await organization.QueryAsync<string>("SELECT role FROM members WHERE user_name = 'ada'"));

        var own = await organization.InviteAsync(recruiter, organization.EmailOf("linus"), "recruiter");
        await (await organization.AcceptAsync(own, "linus")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(["recruiter"], await organization.QueryAsync<string>("SELECT role FROM members WHERE user_name = 'linus'"));
    }

    [Theory] // ONB-8
    [InlineData("suspended")]
    [InlineData("demoted")]
    [InlineData("role changed")]
    public async Task Who_may_no_longer_invite_lets_nobody_in_by_an_earlier_invitation(string how)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("lead", Permissions.InviteMembers, Permissions.ReadMembers);
        var grace = await organization.AddActiveAsync("grace", "lead");
        using (var lead = await organization.SignInAsync("grace"))
        {
            await organization.InviteAsync(lead, organization.EmailOf("ada"), "lead");
        }

        var link = fixture.Smtp.For(organization.EmailOf("ada"))[^1].Token();
        await (how switch
        {
            "suspended" => await admin.PostAsJsonAsync($"/members/{grace}/suspend", new { }),
            "demoted" => await admin.PutAsJsonAsync($"/members/{grace}/role", new { role = "user" }),
            _ => await admin.PatchAsJsonAsync("/roles/lead", new { permissions = new[] { Permissions.ReadMembers } }),
        }).OkAsync();
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(link, "ada")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'ada'"));

        // Somebody who may sends it again, and answers for it from then on.
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
        var resent = (await organization.MailOfAsync(organization.EmailOf("ada"), () => admin.PostAsync($"/invitations/{id}/resend", null))).Token();
        await (await organization.AcceptAsync(resent, "ada")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // SEC-3, SEC-35
    public async Task Invitations_of_another_organization_are_none_and_users_may_not_look()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        using var other = await there.SignInAsync();
        var link = await there.InviteAsync(other, there.EmailOf("ada"));
        var id = Assert.Single(await there.QueryAsync<Guid>("SELECT id FROM invitations"));

        foreach (var missing in new[] { id, Ids.New(TimeProvider.System.GetUtcNow()) })
        {
            Assert.Equal("invitation.not_found", await (await admin.DeleteAsync($"/invitations/{missing}")).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("invitation.not_found", await (await admin.PostAsync($"/invitations/{missing}/resend", null)).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Empty(await Paged.AllAsync(admin, "/invitations", 10));
        Assert.Equal("link.invalid", await (await here.AcceptAsync(link, "ada")).CodeAsync(HttpStatusCode.NotFound));
        await (await there.AcceptAsync(link, "ada")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(0, await here.CountAsync("members WHERE user_name = 'ada'"));

        using var user = await here.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.GetAsync("/invitations")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.PostAsJsonAsync("/invitations", new { email = here.EmailOf("eve") })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.DeleteAsync($"/invitations/{id}")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Theory]
    [InlineData("""{"email":"nonsense"}""")]
    [InlineData("""{"email":"a@b@c"}""")]
    [InlineData("""{"email":""}""")]
    [InlineData("""{"role":"user"}""")]
    [InlineData("""{"email":"ada@x.test","invitations":[{"email":"grace@x.test"}]}""")]
    [InlineData("""{"role":"user","invitations":[{"email":"grace@x.test"}]}""")]
    [InlineData("""{"invitations":[]}""")]
    [InlineData("""{"invitations":[null]}""")]
    [InlineData("""{"invitations":[{"email":"nonsense"}]}""")]
    [InlineData("""{"invitations":[{"role":"user"}]}""")]
    [InlineData("""{"invitations":[{"email":"ada@x.test"},{"email":" ADA@X.TEST "}]}""")]
    [InlineData("""{"invitations":[{"email":"ada@x.test","status":"accepted"}]}""")]
    public async Task What_is_no_invitation_is_refused_as_a_whole(string body)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        Assert.StartsWith("request.", await (await admin.PostAsync("/invitations", content)).CodeAsync(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Equal(0, await organization.CountAsync("invitations"));
    }

    [Fact]
    public async Task More_than_a_hundred_are_refused()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var invitations = Enumerable.Range(0, 101).Select(i => new { email = organization.EmailOf($"person{i}") });
        Assert.Equal("request.invalid", await (await admin.PostAsJsonAsync("/invitations", new { invitations })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("invitations"));
    }

    [Fact] // SEC-16, SEC-17
    public async Task A_weak_password_or_a_taken_name_leaves_the_link_good()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var link = await organization.InviteAsync(admin, organization.EmailOf("augusta"));
        foreach (var weak in new[] { "only-eleven", "passwordpassword", "augusta plus four herons", $"{organization.Identifier} plus four herons", "lovelace among the herons" })
        {
            using var answer = await organization.Anonymous.PostAsJsonAsync($"/invitations/accept/{link}", new { username = "ada", full_name = "Ada Lovelace", password = weak });
            Assert.Equal("password.weak", await answer.CodeAsync(HttpStatusCode.BadRequest));
            Assert.NotEmpty((await answer.JsonAsync()).GetProperty("reasons").EnumerateArray());
        }

        Assert.Equal("request.invalid", await (await organization.AcceptAsync(link, "a b")).CodeAsync(HttpStatusCode.BadRequest));
        foreach (var taken in new[] { "user", "USER" })
        {
            Assert.Equal("username.taken", await (await organization.AcceptAsync(link, taken)).CodeAsync(HttpStatusCode.Conflict));
        }

        Assert.Equal(2, await organization.CountAsync("members"));
        await (await organization.AcceptAsync(link, "ada")).OkAsync(HttpStatusCode.NoContent);
    }

    [Theory] // SEC-15, SEC-22
    [InlineData("x")]
    [InlineData("iv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("01990000-0000-7000-8000-000000000001")]
    public async Task A_made_up_link_is_invalid(string token)
    {
        var organization = await fixture.OrganizationAsync();
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(token, "ada")).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-22
    public async Task A_link_of_one_kind_is_none_of_another()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var invitation = await organization.InviteAsync(admin, organization.EmailOf("ada"));
        var (_, password) = await organization.AddApprovedAsync("grace");
        Assert.Matches("^iv_[A-Za-z0-9_-]{43}$", invitation);
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(invitation)).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync("sp_" + invitation[3..])).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(password, "ada")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("link.invalid", await (await organization.AcceptAsync("iv_" + password[3..], "ada")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("token.invalid", await (await organization.MeAsync(invitation)).CodeAsync(HttpStatusCode.Unauthorized));
    }
}
