using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Http;
using Onboarding.Api.Jobs;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

[Collection(ClockCollection.Name)]
public sealed class ApiKeysOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // SEC-34
    public async Task A_key_is_good_until_it_expires_to_the_second_and_again_when_its_time_is_prolonged()
    {
        var organization = await clocked.OrganizationAsync();
        var expiry = clocked.Clock.GetUtcNow().AddHours(1);
        IssuedKey key;
        using (var admin = await organization.SignInAsync())
        {
            key = await admin.CreateKeyAsync(new { name = "Hour", scopes = new[] { Permissions.ReadMembers }, expires_at = expiry });
        }

        await clocked.AdvanceAsync(TimeSpan.FromHours(1) - Second);
        await organization.RequireGoodAsync(key);
        await clocked.AdvanceAsync(Second);
        await organization.RequireBadAsync(key);

        using var later = await organization.SignInAsync();
        Assert.Equal("expired", (await (await later.GetAsync($"/api-keys/{key.Id}")).OkAsync()).GetProperty("status").GetString());

        // Its place may be taken by now.
        Assert.Equal("api_key.expired", await (await later.PatchAsJsonAsync($"/api-keys/{key.Id}", new { expires_at = expiry.AddHours(1) })).CodeAsync(HttpStatusCode.Conflict));
        await (await later.PatchAsJsonAsync($"/api-keys/{key.Id}", new { name = "Over" })).OkAsync();
        await organization.RequireBadAsync(key);
    }

    [Fact] // SEC-34
    public async Task A_key_is_good_for_ten_years_at_most_to_the_second()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (scopes, most) = (new[] { Permissions.ReadMembers }, clocked.Clock.GetUtcNow().AddYears(10));
        var key = await admin.CreateKeyAsync(new { name = "Decade", scopes, expires_at = most });
        foreach (var call in new[]
        {
            admin.PostAsJsonAsync("/api-keys", new { name = "Longer", scopes, expires_at = most + Second }), admin.PostAsJsonAsync("/me/api-keys", new { name = "Longer", scopes, expires_at = most + Second }),
            admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { expires_at = most + Second }),
        })
        {
            using var answer = await call;
            Assert.Equal("request.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
            Assert.True((await answer.JsonAsync()).GetProperty("errors").TryGetProperty("expires_at", out _));
        }

        await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { name = "Still a decade", expires_at = most })).OkAsync();
    }

    [Fact] // SEC-30
    public async Task An_old_sign_in_makes_no_key_and_changes_or_rotates_none_and_still_reads_and_ends_them()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await clocked.AdvanceAsync(FreshSignIn.Lifetime);
        var keys = new[] { ("/api-keys", await admin.CreateKeyAsync(Permissions.ReadMembers)), ("/me/api-keys", await admin.CreateOwnKeyAsync(Permissions.ReadMembers)) };
        await clocked.AdvanceAsync(Second);
        foreach (var (path, key) in keys)
        {
            foreach (var call in new[]
            {
                admin.PostAsJsonAsync(path, new { name = "Lasting", scopes = new[] { Permissions.ReadMembers } }), admin.PatchAsJsonAsync($"{path}/{key.Id}", new { name = "Lasting" }),
                admin.PostAsJsonAsync($"{path}/{key.Id}/rotate", new { }),
            })
            {
                Assert.Equal("reauthentication.required", await (await call).CodeAsync(HttpStatusCode.Forbidden));
            }

            foreach (var read in new[] { path, $"{path}/{key.Id}", $"{path}/{key.Id}/usage" })
            {
                await (await admin.GetAsync(read)).OkAsync();
            }

            await organization.RequireGoodAsync(key);
            await (await admin.DeleteAsync($"{path}/{key.Id}")).OkAsync(HttpStatusCode.NoContent);
            await organization.RequireBadAsync(key);
        }

        Assert.Equal(["api_key.created", "api_key.created", "api_key.revoked", "api_key.revoked"], await organization.QueryAsync<string>("SELECT action FROM audit_log WHERE action LIKE 'api_key.%' ORDER BY action"));
        using var again = await organization.SignInAsync();
        await organization.RequireGoodAsync(await again.CreateKeyAsync(Permissions.ReadMembers));
    }

    [Fact]
    public async Task A_rotated_secret_works_for_the_overlap_and_not_a_second_longer()
    {
        var organization = await clocked.OrganizationAsync();
        IssuedKey before, after;
        using (var admin = await organization.SignInAsync())
        {
            before = await admin.CreateKeyAsync(Permissions.ReadMembers);
            after = await admin.RotateKeyAsync(before.Id, overlapMinutes: 10);
        }

        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10) - Second);
        await organization.RequireGoodAsync(before);
        await organization.RequireGoodAsync(after);
        await clocked.AdvanceAsync(Second);
        await organization.RequireBadAsync(before);
        await organization.RequireGoodAsync(after);
    }

    [Fact]
    public async Task Keys_that_ended_long_ago_are_dropped_with_their_usage_and_good_ones_stay()
    {
        var organization = await clocked.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            var revoked = await admin.CreateKeyAsync(Permissions.ReadMembers);
            await admin.CreateKeyAsync(new { name = "Long", scopes = new[] { Permissions.ReadMembers }, expires_at = clocked.Clock.GetUtcNow().AddDays(3_000) });
            await (await admin.DeleteAsync($"/api-keys/{revoked.Id}")).OkAsync(HttpStatusCode.NoContent);
            await organization.QueryAsync<int>($"INSERT INTO api_key_usage SELECT id, '{clocked.Clock.GetUtcNow():yyyy-MM-dd}', 1, 0 FROM api_keys RETURNING 1");
        }

        await clocked.AdvanceAsync(TimeSpan.FromDays(399));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((2, 2), (await organization.CountAsync("api_keys"), await organization.CountAsync("api_key_usage")));
        await clocked.AdvanceAsync(TimeSpan.FromDays(2));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((1, 0), (await organization.CountAsync("api_keys"), await organization.CountAsync("api_key_usage")));
    }
}
