using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>What happened can be read afterwards, by everybody who has to know and with nothing that must not be known.</summary>
public sealed class AuditTests(ApiFixture fixture)
{
    [Fact] // SEC-48
    public async Task A_change_whose_audit_line_cannot_be_written_does_not_happen()
    {
        var organization = await fixture.OrganizationAsync();
        var waiting = await organization.AddPendingAsync("ada");
        var (approvedId, link) = await organization.AddApprovedAsync("grace");
        using var admin = await organization.SignInAsync();
        await ExecuteAsync(organization, "ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (action LIKE 'x%') NOT VALID");

        foreach (var change in new Func<Task<HttpResponseMessage>>[]
        {
            () => admin.PostAsJsonAsync($"/members/{waiting}/approve", new { }),
            () => admin.PostAsJsonAsync($"/members/{waiting}/reject", new { reason = "Unknown" }),
            () => admin.PatchAsJsonAsync("/admin-dashboard", new { id = waiting, action = "approve" }),
            () => admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { }),
            () => admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "admin" }),
            () => admin.PatchAsJsonAsync("/me", new { full_name = "Renamed" }),
            () => organization.SetPasswordAsync(link),
            () => organization.RegisterAsync("eve"),
            () => organization.TryLoginAsync("user"),
        })
        {
            // Nothing of the database is told.
            using var answer = await change();
            Assert.Equal("server.error", await answer.CodeAsync(HttpStatusCode.InternalServerError));
            Assert.DoesNotContain("full_disk", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(
            ["admin active admin", "ada pending_approval ", "grace approved user", "user active user"],
            await organization.QueryAsync<string>("SELECT concat(user_name, ' ', status, ' ', role) FROM members ORDER BY user_name = 'admin' DESC, user_name"));
        Assert.Equal(0, await organization.CountAsync("members WHERE full_name = 'Renamed' OR password_hash IS NOT NULL AND user_name = 'grace'"));
        Assert.Equal(1, await organization.CountAsync("sessions"));
        Assert.Equal(0, await organization.CountAsync("emails"));

        // The other way round: where the change fails, its line is not there.
        await ExecuteAsync(organization, "ALTER TABLE audit_log DROP CONSTRAINT full_disk; ALTER TABLE members ADD CONSTRAINT frozen CHECK (status = 'x') NOT VALID");
        var before = await organization.CountAsync("audit_log");
        Assert.Equal(HttpStatusCode.InternalServerError, (await admin.PostAsJsonAsync($"/members/{waiting}/approve", new { })).StatusCode);
        Assert.Equal(before, await organization.CountAsync("audit_log"));

        await ExecuteAsync(organization, "ALTER TABLE members DROP CONSTRAINT frozen");
        await (await admin.PostAsJsonAsync($"/members/{waiting}/approve", new { })).OkAsync();
        Assert.Equal(before + 1, await organization.CountAsync("audit_log"));
    }

    [Fact] // SEC-48
    public async Task Every_step_of_a_member_has_its_line_and_no_line_holds_a_secret()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        using var admin = await organization.SignInAsync();
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        await organization.VerifyAsync(email, code.Other());
        await (await organization.VerifyAsync(email, code)).OkAsync();
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM members WHERE user_name = 'ada'"));
        var link = (await organization.MailOfAsync(email, () => admin.PostAsJsonAsync($"/members/{id}/approve", new { }))).Token();
        const string Chosen = "eleven brass lanterns swaying";
        await (await organization.SetPasswordAsync(link, Chosen)).OkAsync(HttpStatusCode.NoContent);
        await organization.TryLoginAsync("ada", "wrong wrong wrong");
        var first = await (await organization.TryLoginAsync("ada", Chosen)).OkAsync();
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        var third = await (await organization.RefreshAsync(second.Refresh())).OkAsync();
        Assert.Equal("refresh.reused", await (await organization.RefreshAsync(first.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));

        var lines = await organization.QueryAsync<string>($"SELECT action FROM audit_log WHERE subject_id = '{id}' ORDER BY id");
        foreach (var action in new[] { "member.registered", "member.verification_failed", "member.verified", "member.approved", "member.activated", "sign_in.failed", "session.started", "session.token_reused", "session.ended" })
        {
            Assert.True(lines.Count(line => line == action) == 1, $"{action} in {string.Join(", ", lines)}");
        }

        // The whole line, and the events that go with it.
        var text = string.Join('\n', [.. await organization.QueryAsync<string>("SELECT a::text FROM audit_log a"), .. await organization.QueryAsync<string>("SELECT o::text FROM outbox o")]);
        foreach (var secret in new[] { link, Chosen, first.Refresh(), second.Refresh(), third.Refresh(), first.Access(), "wrong wrong wrong", TestOrganization.Password })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }

        Assert.DoesNotMatch($"(?<![0-9a-f.:-]){code}(?![0-9a-f])", text);
    }

    [Fact] // SEC-48
    public async Task A_denial_is_logged_with_who_was_denied_what_and_without_the_credential()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var (user, foreign) = ((await here.TokensAsync("user")).Access(), (await there.TokensAsync("admin")).Access());
        using var client = here.WithToken(user);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/audit-log")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await here.MeAsync(foreign)).StatusCode);

        var logs = fixture.App.Logs.Lines;
        Assert.Contains(logs, line => line.Contains("Warning", StringComparison.Ordinal) && line.Contains($"{here.UserId}", StringComparison.Ordinal) && line.Contains("/audit-log", StringComparison.Ordinal) && line.Contains(here.Organization.Id, StringComparison.Ordinal));
        Assert.Contains(logs, line => line.Contains("Warning", StringComparison.Ordinal) && line.Contains($"{there.AdminId}", StringComparison.Ordinal) && line.Contains(there.Organization.Id, StringComparison.Ordinal) && line.Contains(here.Organization.Id, StringComparison.Ordinal));
        Assert.DoesNotContain(logs, line => line.Contains(user.Split('.')[2], StringComparison.Ordinal) || line.Contains(foreign.Split('.')[2], StringComparison.Ordinal));
    }

    private static Task ExecuteAsync(TestOrganization organization, string sql) => organization.QueryAsync<int>(sql);
}
