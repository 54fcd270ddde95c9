using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApprovalRules;

public sealed class ApprovalRulesTests(ApiFixture fixture)
{
    [Fact] // ONB-9, SEC-48
    public async Task Rules_are_added_listed_by_domain_and_removed_and_each_has_its_audit_line()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        var approves = await AddAsync(admin, " Example.COM ", "approve", "reader");
        var idn = await AddAsync(admin, "bücher.example", "queue");
        var refuses = await AddAsync(admin, "zz.example", "refuse");
        Assert.Equal(("example.com", "reader"), (approves.GetProperty("domain").GetString(), approves.GetProperty("role").GetString()));
        Assert.Equal(("xn--bcher-kva.example", null), (idn.GetProperty("domain").GetString(), idn.GetProperty("role").GetString()));
        Assert.Equal("user", (await AddAsync(admin, "acme.example", "approve")).GetProperty("role").GetString());

        foreach (var same in new[] { "example.com", "EXAMPLE.com", "xn--bcher-kva.example", "XN--BCHER-KVA.example" })
        {
            Assert.Equal("approval_rule.exists", await (await admin.PostAsJsonAsync("/approval-rules", new { domain = same, action = "refuse" })).CodeAsync(HttpStatusCode.Conflict));
        }

        var listed = await Paged.AllAsync(admin, "/approval-rules", 1);
        Assert.Equal(
            ["acme.example approve", "example.com approve", "xn--bcher-kva.example queue", "zz.example refuse"],
            listed.Select(rule => $"{rule.GetProperty("domain")} {rule.GetProperty("action")}"));
        Assert.Equal("role.in_use", await (await admin.DeleteAsync("/roles/reader")).CodeAsync(HttpStatusCode.Conflict));

        await (await admin.DeleteAsync($"/approval-rules/{approves.GetProperty("id")}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("approval_rule.not_found", await (await admin.DeleteAsync($"/approval-rules/{approves.GetProperty("id")}")).CodeAsync(HttpStatusCode.NotFound));
        await (await admin.DeleteAsync("/roles/reader")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/approval-rules/{refuses.GetProperty("id")}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(
            ["approval_rule.added acme.example", "approval_rule.added example.com", "approval_rule.added xn--bcher-kva.example", "approval_rule.added zz.example", "approval_rule.removed example.com", "approval_rule.removed zz.example"],
            await organization.QueryAsync<string>($"SELECT concat_ws(' ', action, note) AS line FROM audit_log WHERE action LIKE 'approval_rule.%' AND actor_id = '{organization.AdminId}' ORDER BY line"));
    }

    [Theory] // ONB-9
    [InlineData("gmail.com", "domain.public")]
    [InlineData("GMail.com", "domain.public")]
    [InlineData("googlemail.com", "domain.public")]
    [InlineData("outlook.com", "domain.public")]
    [InlineData("hotmail.co.uk", "domain.public")]
    [InlineData("yahoo.fr", "domain.public")]
    [InlineData("icloud.com", "domain.public")]
    [InlineData("proton.me", "domain.public")]
    [InlineData("gmx.de", "domain.public")]
    [InlineData("web.de", "domain.public")]
    [InlineData("qq.com", "domain.public")]
    [InlineData("mail.ru", "domain.public")]
    [InlineData("mailinator.com", "domain.public")]
    [InlineData("com", "domain.invalid")]
    [InlineData("localhost", "domain.invalid")]
    [InlineData("ada@example.com", "domain.invalid")]
    [InlineData("*.example.com", "domain.invalid")]
    [InlineData("example.com.", "domain.invalid")]
    [InlineData(".example.com", "domain.invalid")]
    [InlineData("exa mple.com", "domain.invalid")]
    [InlineData("exa_mple.com", "domain.invalid")]
    [InlineData("-x.example", "domain.invalid")]
    [InlineData("10.0.0.1", "domain.invalid")]
    [InlineData("[::1]", "domain.invalid")]
    [InlineData("", "request.invalid")]
    public async Task What_says_nothing_about_who_somebody_is_makes_no_rule(string domain, string code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        foreach (var action in new[] { "approve", "queue", "refuse" })
        {
            Assert.Equal(code, await (await admin.PostAsJsonAsync("/approval-rules", new { domain, action })).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal(0, await organization.CountAsync("approval_rules"));
    }

    [Fact] // ONB-8, ONB-9
    public async Task A_rule_never_makes_an_admin_and_never_gives_more_than_its_author_holds()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("boss", [.. Permissions.All]);
        await admin.DefineRoleAsync("keeper", Permissions.ManageRoles);
        await admin.DefineRoleAsync("auditor", Permissions.ReadAuditLog);
        await organization.AddActiveAsync("ada", "keeper");
        using var keeper = await organization.SignInAsync("ada");

        foreach (var (client, role, status, code) in new[]
        {
            (admin, "admin", HttpStatusCode.Forbidden, "role.not_grantable"),
            (admin, "boss", HttpStatusCode.Forbidden, "role.not_grantable"),
            (admin, "nobody", HttpStatusCode.BadRequest, "role.unknown"),
            (admin, "super_admin", HttpStatusCode.BadRequest, "role.unknown"),
            (keeper, "admin", HttpStatusCode.Forbidden, "role.not_grantable"),
            (keeper, "auditor", HttpStatusCode.Forbidden, "role.not_grantable"),
        })
        {
            Assert.Equal(code, await (await client.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "approve", role })).CodeAsync(status));
        }

        Assert.Equal("request.invalid", await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "refuse", role = "user" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("approval_rules"));
        await AddAsync(keeper, "example.com", "approve", "keeper");
    }

    [Fact] // SEC-3, SEC-35
    public async Task Rules_of_another_organization_are_none_and_decide_nothing_here()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        using var other = await there.SignInAsync();
        var rule = await AddAsync(other, "example.com", "approve");

        Assert.Equal("approval_rule.not_found", await (await admin.DeleteAsync($"/approval-rules/{rule.GetProperty("id")}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Empty(await Paged.AllAsync(admin, "/approval-rules", 5));
        Assert.Equal("pending_approval", await here.ProveAsync("ada", $"ada-{here.Identifier}@example.com"));
        Assert.Equal(1, await there.CountAsync("approval_rules"));

        using var user = await here.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.GetAsync("/approval-rules")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "approve" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.PostAsJsonAsync("/approval-rules/simulate", new { email = "a@example.com" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.denied", await (await user.DeleteAsync($"/approval-rules/{rule.GetProperty("id")}")).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Theory]
    [InlineData("""{"email":"nonsense"}""")]
    [InlineData("""{"email":""}""")]
    [InlineData("""{"domain":"example.com"}""")]
    public async Task Only_an_address_can_be_tried_out(string body)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        Assert.StartsWith("request.", await (await admin.PostAsync("/approval-rules/simulate", content)).CodeAsync(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_domain_has_one_rule_however_many_ask_at_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await using var table = await RowLock.HoldAsync(organization, "LOCK TABLE approval_rules IN SHARE MODE");
        var racing = Enumerable.Range(0, 3).Select(_ => admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "approve" })).ToList();
        await table.WaitForWaitersAsync(3);
        await table.ReleaseAsync();
        var answers = await Task.WhenAll(racing);
        Assert.Equal(1, answers.Count(HttpStatusCode.Created));
        Assert.Equal(2, answers.Count(HttpStatusCode.Conflict));

        var id = (await answers.Single(answer => answer.IsSuccessStatusCode).JsonAsync()).GetProperty("id").GetGuid();
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM approval_rules FOR UPDATE");
        var removing = Enumerable.Range(0, 2).Select(_ => admin.DeleteAsync($"/approval-rules/{id}")).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var removed = await Task.WhenAll(removing);
        Assert.Equal(1, removed.Count(HttpStatusCode.NoContent));
        Assert.Equal(1, removed.Count(HttpStatusCode.NotFound));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'approval_rule.removed'"));
    }

    private static async Task<System.Text.Json.JsonElement> AddAsync(HttpClient client, string domain, string action, string? role = null) =>
        await (await client.PostAsJsonAsync("/approval-rules", role is null ? new { domain, action } : (object)new { domain, action, role })).OkAsync(HttpStatusCode.Created);
}
