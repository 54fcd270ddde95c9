using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.CustomRoles;

public sealed class RolesTests(ApiFixture fixture)
{
    [Fact] // SEC-48
    public async Task A_role_is_defined_listed_changed_and_deleted_and_each_has_its_audit_line()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var defined = await (await admin.PostAsJsonAsync("/roles", new { name = "recruiter", permissions = new[] { Permissions.ReadMembers, Permissions.ApproveMembers, Permissions.ReadMembers }, description = " Lets people in. " })).OkAsync(HttpStatusCode.Created);
        Assert.Equal(("recruiter", "Lets people in.", "members:approve members:read", false, 0), Described(defined));

        await organization.AddActiveAsync("ada", "recruiter");
        var changed = await (await admin.PatchAsJsonAsync("/roles/recruiter", new { permissions = new[] { Permissions.ApproveMembers } })).OkAsync();
        Assert.Equal(("recruiter", "Lets people in.", "members:approve", false, 1), Described(changed));
        changed = await (await admin.PatchAsJsonAsync("/roles/recruiter", new { description = "" })).OkAsync();
        Assert.Equal(("recruiter", "", "members:approve", false, 1), Described(changed));

        // What changes nothing leaves no trace.
        await (await admin.PatchAsJsonAsync("/roles/recruiter", new { permissions = new[] { Permissions.ApproveMembers } })).OkAsync();
        await (await admin.PatchAsJsonAsync("/roles/recruiter", new { })).OkAsync();

        var roles = (await (await admin.GetAsync("/roles")).OkAsync()).GetProperty("data").EnumerateArray().Select(Described).ToList();
        Assert.Equal(["admin", "user", "recruiter"], roles.Select(role => role.Name));
        Assert.Equal((string.Join(' ', Permissions.All.Order(StringComparer.Ordinal)), true, 1), (roles[0].Permissions, roles[0].BuiltIn, roles[0].Members));
        Assert.Equal(("", true, 1), (roles[1].Permissions, roles[1].BuiltIn, roles[1].Members));

        Assert.Equal("role.in_use", await (await admin.DeleteAsync("/roles/recruiter")).CodeAsync(HttpStatusCode.Conflict));
        await (await admin.PutAsJsonAsync($"/members/{(await organization.QueryAsync<Guid>("SELECT id FROM members WHERE user_name = 'ada'"))[0]}/role", new { role = "user" })).OkAsync();
        await (await admin.DeleteAsync("/roles/recruiter")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("role.not_found", await (await admin.DeleteAsync("/roles/recruiter")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("role.not_found", await (await admin.PatchAsJsonAsync("/roles/recruiter", new { description = "x" })).CodeAsync(HttpStatusCode.NotFound));

        Assert.Equal(
            ["role.defined recruiter", "role.changed recruiter", "role.changed recruiter", "role.deleted recruiter"],
            await organization.QueryAsync<string>($"SELECT action || ' ' || note FROM audit_log WHERE action LIKE 'role.%' AND actor_id = '{organization.AdminId}' ORDER BY id"));
        Assert.Equal([4], await organization.QueryAsync<long>("SELECT revision FROM settings"));
    }

    [Fact]
    public async Task Every_permission_is_listed_with_what_it_allows()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var listed = (await (await admin.GetAsync("/permissions")).OkAsync()).GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(Permissions.All.Order(StringComparer.Ordinal), listed.Select(permission => permission.GetProperty("name").GetString()!));
        Assert.All(listed, permission => Assert.NotEmpty(permission.GetProperty("description").GetString()!));
    }

    [Theory]
    [InlineData("recruiter", "members:fly", "permission.unknown")]
    [InlineData("recruiter", "", "permission.unknown")]
    [InlineData("recruiter", "MEMBERS:READ", "permission.unknown")]
    [InlineData("recruiter", null, "permission.unknown")]
    [InlineData("super_admin", "members:read", "role.name_reserved")]
    [InlineData("owner", "members:read", "role.name_reserved")]
    [InlineData("system", "members:read", "role.name_reserved")]
    [InlineData("Recruiter", "members:read", "request.invalid")]
    [InlineData("x", "members:read", "request.invalid")]
    [InlineData("1st", "members:read", "request.invalid")]
    [InlineData("re cruiter", "members:read", "request.invalid")]
    [InlineData("recruiter\n", "members:read", "request.invalid")]
    [InlineData("a23456789012345678901234567890123456789012", "members:read", "request.invalid")]
    public async Task What_is_no_role_is_refused(string name, string? permission, string code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal(code, await (await admin.PostAsJsonAsync("/roles", new { name, permissions = new[] { permission } })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(2, await organization.CountAsync("roles"));
        Assert.Equal(0, await organization.CountAsync("audit_log WHERE action LIKE 'role.%'"));
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("user")]
    public async Task What_comes_with_the_product_stays_as_it_is(string name)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal("role.exists", await (await admin.PostAsJsonAsync("/roles", new { name, permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("role.built_in", await (await admin.PatchAsJsonAsync($"/roles/{name}", new { permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("role.built_in", await (await admin.DeleteAsync($"/roles/{name}")).CodeAsync(HttpStatusCode.Conflict));
        await (await admin.GetAsync("/audit-log")).OkAsync();
    }

    [Fact] // ONB-8
    public async Task Nobody_gives_takes_or_deletes_what_they_do_not_hold()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("keeper", Permissions.ManageRoles, Permissions.ReadMembers);
        await admin.DefineRoleAsync("auditor", Permissions.ReadAuditLog);
        await organization.AddActiveAsync("ada", "keeper");
        using var keeper = await organization.SignInAsync("ada");

        await keeper.DefineRoleAsync("reader", Permissions.ReadMembers);
        Assert.Equal("permission.not_grantable", await (await keeper.PostAsJsonAsync("/roles", new { name = "spy", permissions = new[] { Permissions.ReadAuditLog } })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.not_grantable", await (await keeper.PatchAsJsonAsync("/roles/reader", new { permissions = new[] { Permissions.ReadAuditLog } })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.not_grantable", await (await keeper.PatchAsJsonAsync("/roles/keeper", new { permissions = Permissions.All })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.not_grantable", await (await keeper.PatchAsJsonAsync("/roles/auditor", new { permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("permission.not_grantable", await (await keeper.DeleteAsync("/roles/auditor")).CodeAsync(HttpStatusCode.Forbidden));

        // A name for it changes nobody's rights.
        await (await keeper.PatchAsJsonAsync("/roles/auditor", new { description = "Reads the log." })).OkAsync();
        Assert.Equal(["audit:read"], await organization.QueryAsync<string>("SELECT unnest(permissions) FROM roles WHERE name = 'auditor'"));
        Assert.Equal("permission.denied", await (await keeper.GetAsync("/audit-log")).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // ONB-8
    public async Task Who_may_only_approve_gives_only_roles_that_allow_no_more()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("recruiter", Permissions.ApproveMembers);
        await admin.DefineRoleAsync("lead", Permissions.ApproveMembers, Permissions.ReadMembers);
        await organization.AddActiveAsync("ada", "recruiter");
        var people = new List<Guid>();
        foreach (var name in new[] { "one", "two", "three", "four" })
        {
            people.Add(await organization.AddPendingAsync(name));
        }

        using var recruiter = await organization.SignInAsync("ada");
        await (await recruiter.GetAsync("/admin-dashboard")).OkAsync();
        foreach (var above in new[] { "admin", "lead" })
        {
            Assert.Equal("role.not_grantable", await (await recruiter.PostAsJsonAsync($"/members/{people[0]}/approve", new { role = above })).CodeAsync(HttpStatusCode.Forbidden));
            Assert.Equal("role.not_grantable", await (await recruiter.PatchAsJsonAsync("/admin-dashboard", new { id = people[0], role = above, action = "approve" })).CodeAsync(HttpStatusCode.Forbidden));
        }

        await (await recruiter.PostAsJsonAsync($"/members/{people[0]}/approve", new { })).OkAsync();
        await (await recruiter.PostAsJsonAsync($"/members/{people[1]}/approve", new { role = "recruiter" })).OkAsync();
        await (await recruiter.PatchAsJsonAsync("/admin-dashboard", new { id = people[2], role = "recruiter", action = "approve" })).OkAsync();
        await (await recruiter.PostAsJsonAsync($"/members/{people[3]}/reject", new { reason = "Unknown here" })).OkAsync();
        Assert.Equal(
            ["four rejected ", "one approved user", "three approved recruiter", "two approved recruiter"],
            await organization.QueryAsync<string>("SELECT concat(user_name, ' ', status, ' ', role) FROM members WHERE user_name IN ('one', 'two', 'three', 'four') ORDER BY user_name"));

        // It opens nothing else.
        foreach (var path in new[] { "/members", "/roles", "/permissions", "/audit-log", "/organization" })
        {
            Assert.Equal("permission.denied", await (await recruiter.GetAsync(path)).CodeAsync(HttpStatusCode.Forbidden));
        }
    }

    [Fact] // ONB-8
    public async Task Who_manages_members_does_not_reach_above_the_own_rights()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("manager", Permissions.ManageMembers, Permissions.ReadMembers);
        var ada = await organization.AddActiveAsync("ada", "manager");
        var second = await organization.AddActiveAsync("admin2", Roles.Admin);
        using var manager = await organization.SignInAsync("ada");

        Assert.Equal("role.not_grantable", await (await manager.PutAsJsonAsync($"/members/{ada}/role", new { role = "admin" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role.not_grantable", await (await manager.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "admin" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("member.outranks", await (await manager.PutAsJsonAsync($"/members/{second}/role", new { role = "user" })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("member.outranks", await (await manager.PostAsJsonAsync($"/members/{second}/suspend", new { })).CodeAsync(HttpStatusCode.Forbidden));
        await (await admin.PostAsJsonAsync($"/members/{second}/suspend", new { })).OkAsync();
        Assert.Equal("member.outranks", await (await manager.PostAsync($"/members/{second}/reactivate", null)).CodeAsync(HttpStatusCode.Forbidden));

        await (await manager.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { })).OkAsync();
        await (await manager.PostAsync($"/members/{organization.UserId}/reactivate", null)).OkAsync();
        await (await manager.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "manager" })).OkAsync();
        Assert.Equal(
            ["ada active manager", "admin active admin", "admin2 suspended admin", "user active manager"],
            await organization.QueryAsync<string>("SELECT concat(user_name, ' ', status, ' ', role) FROM members ORDER BY user_name"));
    }

    [Fact] // SEC-3
    public async Task Roles_of_another_organization_are_none()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        using (var other = await there.SignInAsync())
        {
            await other.DefineRoleAsync("recruiter", Permissions.ApproveMembers);
        }

        Assert.Equal("role.not_found", await (await admin.PatchAsJsonAsync("/roles/recruiter", new { permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("role.not_found", await (await admin.DeleteAsync("/roles/recruiter")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("role.unknown", await (await admin.PutAsJsonAsync($"/members/{here.UserId}/role", new { role = "recruiter" })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(1, await there.CountAsync("roles WHERE name = 'recruiter'"));

        // The same name here is another role.
        await admin.DefineRoleAsync("recruiter", Permissions.ReadMembers);
        Assert.Equal(["members:approve"], await there.QueryAsync<string>("SELECT unnest(permissions) FROM roles WHERE name = 'recruiter'"));
    }

    private static (string Name, string Description, string Permissions, bool BuiltIn, int Members) Described(JsonElement role) => (
        role.GetProperty("name").GetString()!,
        role.GetProperty("description").GetString()!,
        string.Join(' ', role.GetProperty("permissions").EnumerateArray().Select(permission => permission.GetString())),
        role.GetProperty("built_in").GetBoolean(),
        role.GetProperty("members").GetInt32());
}
