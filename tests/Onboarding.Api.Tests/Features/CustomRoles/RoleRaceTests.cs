using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.CustomRoles;

public sealed class RoleRaceTests(ApiFixture fixture)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_role_that_is_given_while_it_is_deleted_is_either_given_or_deleted(bool toSomebodyWaiting)
    {
        var organization = await fixture.OrganizationAsync();
        var waiting = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("recruiter", Permissions.ApproveMembers);

        // Whoever comes first to the role's row wins; neither may have looked before the other is done.
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM roles WHERE name = 'recruiter' FOR UPDATE");
        var deleting = admin.DeleteAsync("/roles/recruiter");
        var giving = toSomebodyWaiting
            ? admin.PostAsJsonAsync($"/members/{waiting}/approve", new { role = "recruiter" })
            : admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "recruiter" });
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        var (deleted, given) = (await deleting, await giving);
        if (deleted.StatusCode == HttpStatusCode.NoContent)
        {
            Assert.Equal("role.unknown", await given.CodeAsync(HttpStatusCode.BadRequest));
        }
        else
        {
            Assert.Equal("role.in_use", await deleted.CodeAsync(HttpStatusCode.Conflict));
            await given.OkAsync();
        }

        Assert.Equal(deleted.IsSuccessStatusCode ? 0 : 1, await organization.CountAsync("roles WHERE name = 'recruiter'"));
        Assert.Equal(given.IsSuccessStatusCode ? 1 : 0, await organization.CountAsync("members WHERE role = 'recruiter'"));
        Assert.Equal(deleted.IsSuccessStatusCode ? 1 : 0, await organization.CountAsync("audit_log WHERE action = 'role.deleted'"));
    }

    [Fact]
    public async Task An_organization_has_at_most_fifty_roles_of_its_own_however_many_ask_at_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await organization.QueryAsync<int>("INSERT INTO roles (name, description, permissions, is_built_in, created_at) SELECT 'role' || i, '', '{}', false, now() FROM generate_series(1, 49) i RETURNING 1");

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var racing = Enumerable.Range(50, 2).Select(i => admin.PostAsJsonAsync("/roles", new { name = $"role{i}", permissions = Array.Empty<string>() })).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.Created));
        Assert.Equal("role.too_many", await answers.Single(answer => !answer.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(50, await organization.CountAsync("roles WHERE NOT is_built_in"));
    }

    [Fact]
    public async Task Two_who_define_the_same_role_at_once_define_one()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var racing = new[] { Permissions.ReadMembers, Permissions.ReadAuditLog }.Select(permission => admin.PostAsJsonAsync("/roles", new { name = "reader", permissions = new[] { permission } })).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.Created));
        Assert.Equal("role.exists", await answers.Single(answer => !answer.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'role.defined'"));
    }
}
