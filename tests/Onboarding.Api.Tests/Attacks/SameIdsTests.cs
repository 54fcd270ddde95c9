using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Two organizations whose members have the same ids, user names and addresses (adversarial isolation test 6).</summary>
public sealed class SameIdsTests(ApiFixture fixture)
{
    [Fact] // SEC-6
    public async Task What_was_read_as_one_organization_is_never_what_the_other_gets()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        foreach (var path in new[] { "/me", $"/members/{a.UserId}", "/members", "/admin-dashboard?status=active", "/members?search=user", "/audit-log", "/me/sessions" })
        {
            // Warm as A, then read as B, twice, and as A again.
            var (ofA, ofB) = (await adminA.GetStringAsync(path), await adminB.GetStringAsync(path));
            Assert.Equal((path, ofA), (path, await adminA.GetStringAsync(path)));
            Assert.Equal((path, ofB), (path, await adminB.GetStringAsync(path)));
            Assert.NotEqual(ofA, ofB);
            Assert.DoesNotContain("Of B", ofA, StringComparison.Ordinal);
            Assert.DoesNotContain("Of A", ofB, StringComparison.Ordinal);
        }

        Assert.Equal(("Of A", "Of B"), (await NameAsync(adminA, a.UserId), await NameAsync(adminB, a.UserId)));
    }

    [Fact] // SEC-6, SEC-24
    public async Task Shutting_a_member_out_leaves_the_twin_in_the_other_organization_signed_in()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        var (ofA, ofB) = (await a.TokensAsync("user"), await b.TokensAsync("user"));
        await (await a.MeAsync(ofA.Access())).OkAsync();
        await (await b.MeAsync(ofB.Access())).OkAsync();

        await (await adminA.PostAsJsonAsync($"/members/{a.UserId}/suspend", new { reason = "Left" })).OkAsync();

        Assert.Equal("token.invalid", await (await a.MeAsync(ofA.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await b.MeAsync(ofB.Access())).OkAsync();
        var renewed = await (await b.RefreshAsync(ofB.Refresh())).OkAsync();
        await (await b.MeAsync(renewed.Access())).OkAsync();
        await b.TokensAsync("user");

        // Neither pair is worth anything in the other organization, though every id in it exists there.
        Assert.Equal("tenant.mismatch", await (await a.MeAsync(renewed.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await a.RefreshAsync(renewed.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-3, SEC-6
    public async Task A_decision_about_an_id_is_about_the_own_member_of_that_id()
    {
        var (a, b) = await TwinsAsync();
        var waiting = await a.AddPendingAsync("waiting");
        await b.AddPendingAsync("waiting");
        await b.QueryAsync<int>($"UPDATE members SET id = '{waiting}' WHERE user_name = 'waiting' RETURNING 1");
        using var adminA = await a.SignInAsync();

        await (await adminA.PatchAsJsonAsync("/admin-dashboard", new { ids = new[] { waiting }, action = "reject", reason = "Unknown" })).OkAsync();

        Assert.Equal(["rejected"], await a.QueryAsync<string>($"SELECT status FROM members WHERE id = '{waiting}'"));
        Assert.Equal(["pending_approval"], await b.QueryAsync<string>($"SELECT status FROM members WHERE id = '{waiting}'"));
        await a.SettledAsync();
        await b.SettledAsync();
        Assert.Equal(0, await b.CountAsync("emails"));
    }

    [Fact] // SEC-6, SEC-24
    public async Task What_happens_to_a_key_leaves_the_twin_in_the_other_organization_alone()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        var (ofA, ofB) = (await adminA.CreateKeyAsync(new { name = "Of A", scopes = new[] { Permissions.ReadMembers }, rate_limit = 2 }), await adminB.CreateKeyAsync(new { name = "Of B", scopes = new[] { Permissions.ReadMembers }, rate_limit = 2 }));
        await b.QueryAsync<int>($"UPDATE api_keys SET id = '{ofA.Id}' WHERE id = '{ofB.Id}' RETURNING 1");

        // Each counts for itself.
        foreach (var (organization, key) in new[] { (a, ofA), (a, ofA), (b, ofB), (b, ofB) })
        {
            await organization.RequireGoodAsync(key);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await a.ReadAsync(ofA)).StatusCode);
        await (await adminB.PatchAsJsonAsync($"/api-keys/{ofA.Id}", new { rate_limit = 100 })).OkAsync();
        await b.RequireGoodAsync(ofB);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await a.ReadAsync(ofA)).StatusCode);

        await (await adminA.DeleteAsync($"/api-keys/{ofA.Id}")).OkAsync(HttpStatusCode.NoContent);
        await a.RequireBadAsync(ofA);
        await b.RequireGoodAsync(ofB);
    }

    /// <summary>Members of B get the ids, names and addresses of A's before anybody signs in.</summary>
    private async Task<(TestOrganization A, TestOrganization B)> TwinsAsync()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var (name, id) in new[] { ("admin", a.AdminId), ("user", a.UserId) })
        {
            await b.QueryAsync<int>($"UPDATE members SET id = '{id}', email = '{a.EmailOf(name)}', normalized_email = upper('{a.EmailOf(name)}'), full_name = 'Of B' WHERE user_name = '{name}' RETURNING 1");
            await a.QueryAsync<int>($"UPDATE members SET full_name = 'Of A' WHERE id = '{id}' RETURNING 1");
        }

        return (a, b);
    }

    private static async Task<string?> NameAsync(HttpClient client, Guid id) =>
        (await (await client.GetAsync($"/members/{id}")).OkAsync()).GetProperty("full_name").GetString();
}
