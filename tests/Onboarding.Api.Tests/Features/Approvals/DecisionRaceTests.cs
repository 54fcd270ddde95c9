using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Approvals;

public sealed class DecisionRaceTests(ApiFixture fixture)
{
    [Fact] // ONB-6, SEC-14
    public async Task Of_two_admins_who_approve_at_once_one_wins_and_the_person_is_invited_once()
    {
        var organization = await fixture.OrganizationAsync();
        var winner = await RaceAsync(
            organization,
            (admin, id) => admin.PostAsJsonAsync($"/members/{id}/approve", new { }),
            (admin, id) => admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" }));

        Assert.Equal("approved", winner.Status);
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"password_links WHERE member_id = '{winner.Id}'"));
        Assert.Single(fixture.Smtp.For(organization.EmailOf("ada")));
    }

    [Fact] // ONB-6, SEC-14
    public async Task Of_approve_against_reject_exactly_one_happens()
    {
        var organization = await fixture.OrganizationAsync();
        var winner = await RaceAsync(
            organization,
            (admin, id) => admin.PostAsJsonAsync($"/members/{id}/approve", new { }),
            (admin, id) => admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = "Unknown here" }));

        await organization.SettledAsync();
        Assert.Equal(winner.Status == "approved" ? 1 : 0, await organization.CountAsync("password_links"));
        Assert.Equal([winner.Status], await organization.QueryAsync<string>($"SELECT template FROM emails WHERE member_id = '{winner.Id}'"));
    }

    [Fact] // ONB-6
    public async Task Who_comes_later_hears_who_decided_and_when()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        var first = await (await admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = "Unknown here" })).OkAsync();

        foreach (var second in new[] { await admin.PostAsJsonAsync($"/members/{id}/approve", new { }), await admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" }) })
        {
            Assert.Equal("member.already_decided", await second.CodeAsync(HttpStatusCode.Conflict));
            var problem = await second.JsonAsync();
            Assert.Equal(("admin", "rejected"), (problem.GetProperty("decided_by").GetString(), problem.GetProperty("member_status").GetString()));
            Assert.Equal(first.GetProperty("rejected_at").GetDateTimeOffset(), problem.GetProperty("decided_at").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));
        }
    }

    private static async Task<(Guid Id, string Status)> RaceAsync(
        TestOrganization organization, Func<HttpClient, Guid, Task<HttpResponseMessage>> one, Func<HttpClient, Guid, Task<HttpResponseMessage>> two)
    {
        await organization.AddActiveAsync("admin2", Roles.Admin);
        var id = await organization.AddPendingAsync("ada");
        using var first = await organization.SignInAsync();
        using var second = await organization.SignInAsync("admin2");

        // Both have read the waiting member before either may write.
        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{id}' FOR UPDATE");
        var racing = new[] { one(first, id), two(second, id) };
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        var lost = answers.Single(answer => !answer.IsSuccessStatusCode);
        Assert.Equal("member.already_decided", await lost.CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(answers[0] == lost ? "admin2" : "admin", (await lost.JsonAsync()).GetProperty("decided_by").GetString());

        var status = Assert.Single(await organization.QueryAsync<string>($"SELECT status FROM members WHERE id = '{id}'"));
        const string Decided = "IN ('member.approved', 'member.rejected')";
        Assert.Equal([$"member.{status}"], await organization.QueryAsync<string>($"SELECT action FROM audit_log WHERE subject_id = '{id}' AND action {Decided}"));
        Assert.Equal([$"member.{status}"], await organization.QueryAsync<string>($"SELECT type FROM outbox WHERE payload ->> 'MemberId' = '{id}' AND type {Decided}"));
        return (id, status);
    }
}
