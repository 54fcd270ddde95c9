using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

public sealed class ApiKeyRaceTests(ApiFixture fixture)
{
    [Fact]
    public async Task Rotated_by_two_at_once_a_key_has_one_new_secret_and_the_old_one_still_works()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var first = await admin.CreateKeyAsync(Permissions.ReadMembers);

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM api_keys FOR UPDATE");
        var racing = Enumerable.Range(0, 2).Select(_ => admin.PostAsJsonAsync($"/api-keys/{first.Id}/rotate", new { })).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        var won = Assert.Single(answers, answer => answer.IsSuccessStatusCode);
        Assert.Equal("api_key.changed", await Assert.Single(answers, answer => !answer.IsSuccessStatusCode).CodeAsync(HttpStatusCode.Conflict));
        await organization.RequireGoodAsync((await won.OkAsync()).Issued());
        await organization.RequireGoodAsync(first);
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'api_key.rotated'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'api_key.rotated'"));
    }

    [Fact] // SEC-24
    public async Task Revoked_while_it_is_rotated_or_changed_a_key_is_revoked()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        foreach (var act in new Func<Guid, Task<HttpResponseMessage>>[] { id => admin.PostAsJsonAsync($"/api-keys/{id}/rotate", new { }), id => admin.PatchAsJsonAsync($"/api-keys/{id}", new { name = "Renamed" }) })
        {
            var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
            await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM api_keys WHERE id = '{key.Id}' FOR UPDATE");
            var (acting, revoking) = (act(key.Id), admin.DeleteAsync($"/api-keys/{key.Id}"));
            await row.WaitForWaitersAsync(2);
            await row.ReleaseAsync();

            await (await revoking).OkAsync(HttpStatusCode.NoContent);
            using var answer = await acting;
            if (answer.IsSuccessStatusCode)
            {
                var after = await answer.JsonAsync();
                if (after.TryGetProperty("key", out _))
                {
                    await organization.RequireBadAsync(after.Issued());
                }
            }
            else
            {
                Assert.Equal("api_key.changed", await answer.CodeAsync(HttpStatusCode.Conflict));
            }

            await organization.RequireBadAsync(key);
            Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'api_key.revoked' AND subject_id = '{key.Id}'"));
        }
    }

    [Fact]
    public async Task Revoked_by_two_at_once_a_key_is_revoked_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM api_keys FOR UPDATE");
        var racing = Enumerable.Range(0, 2).Select(_ => admin.DeleteAsync($"/api-keys/{key.Id}")).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();

        Assert.Equal(2, (await Task.WhenAll(racing)).Count(HttpStatusCode.NoContent));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'api_key.revoked'"));
    }
}
