using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Approvals;

public sealed class BulkDecisionTests(ApiFixture fixture)
{
    [Fact] // ONB-7, SEC-3
    public async Task A_hundred_at_once_are_decided_each_alone_and_one_lost_race_harms_no_other()
    {
        var organization = await fixture.OrganizationAsync();
        var elsewhere = await fixture.OrganizationAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 97; i++)
        {
            ids.Add(await organization.AddPendingAsync($"person{i}"));
        }

        var foreign = await elsewhere.AddPendingAsync("foreign");
        var unknown = Ids.New(TimeProvider.System.GetUtcNow());
        var contended = ids[40];
        ids.Insert(10, foreign);
        ids.Insert(20, unknown);
        ids.Add(organization.UserId);
        using var admin = await organization.SignInAsync();

        // The request has read all hundred when it comes to the contended one, which somebody else decides meanwhile.
        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{contended}' FOR UPDATE");
        var deciding = admin.PatchAsJsonAsync("/admin-dashboard", new { ids, action = "approve" });
        await row.WaitForWaitersAsync(1);
        await row.ReleaseAsync($"UPDATE members SET status = 'rejected', decided_at = now(), decided_by = '{organization.AdminId}' WHERE id = '{contended}'");
        var results = (await (await deciding).OkAsync()).GetProperty("results").EnumerateArray()
            .ToDictionary(r => r.GetProperty("id").GetGuid(), r => (Status: r.GetProperty("status").GetString(), Code: r.TryGetProperty("code", out var code) ? code.GetString() : null));

        Assert.Equal(100, results.Count);
        Assert.Equal((null, "member.not_found"), results[foreign]);
        Assert.Equal((null, "member.not_found"), results[unknown]);
        Assert.Equal(("rejected", "member.already_decided"), results[contended]);
        Assert.Equal(("active", "member.already_decided"), results[organization.UserId]);
        Assert.Equal(96, results.Values.Count(r => r == ("approved", null)));

        Assert.Equal(96, await organization.CountAsync("members WHERE status = 'approved'"));
        Assert.Equal(96, await organization.CountAsync("audit_log WHERE action = 'member.approved'"));
        Assert.Equal(96, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        Assert.Equal(0, await organization.CountAsync($"audit_log WHERE action = 'member.approved' AND subject_id = '{contended}'"));
        Assert.Equal(1, await elsewhere.CountAsync("members WHERE status = 'pending_approval'"));
    }

    [Fact] // ONB-7
    public async Task More_than_a_hundred_none_at_all_and_one_id_twice_are_refused()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        var many = Enumerable.Range(0, 101).Select(_ => Ids.New(TimeProvider.System.GetUtcNow()));

        Assert.Equal("request.invalid", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids = many, action = "approve" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids = Array.Empty<Guid>(), action = "approve" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids = new[] { id, id }, action = "approve" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, ids = new[] { id }, action = "approve" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(1, await organization.CountAsync("members WHERE status = 'pending_approval'"));
    }

    [Fact] // ONB-7
    public async Task Several_are_turned_down_with_one_reason_and_each_is_told()
    {
        var organization = await fixture.OrganizationAsync();
        var ids = new[] { await organization.AddPendingAsync("one"), await organization.AddPendingAsync("two") };
        using var admin = await organization.SignInAsync();
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids, action = "reject", reason = "The course is full" })).OkAsync();

        foreach (var name in new[] { "one", "two" })
        {
            Assert.Contains("The course is full", (await fixture.Smtp.WaitForAsync(organization.EmailOf(name))).Text, StringComparison.Ordinal);
        }

        Assert.Equal(2, await organization.CountAsync("members WHERE status = 'rejected' AND decision_reason = 'The course is full'"));
    }
}
